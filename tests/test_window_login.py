"""A login for a sandbox that is shared: what asks for it, who gets in, and how guessing ends."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from base64 import b64encode
from urllib.parse import urlsplit

import httpx
import pytest
import web_browser
import window_mail

from sandbox import Client
from sandbox import Sandbox as InProcess
from sandbox.app import Sandbox
from sandbox.app.exposure import warned_of
from sandbox.client.errors import ApiError, UnreachableError
from sandbox.client.login import header, with_login, without_login
from sandbox.options import SettingsError, load
from sandbox.settings import Settings
from sandbox.window.login import GUESSES, WINDOW, Guesses

USER, PASSWORD = "Jörg", "s:ecret @/?#%ä"
LOGIN = f"{USER}:{PASSWORD}"
PATHS = (
    "/", "/web/app.js", "/sandbox/v1/status", "/sandbox/v1/messages", "/sandbox/v1/stream", "/sandbox/v1/openapi.json",
    "/sandbox/v1/messages/x/html", "/sandbox/nothing",
)  # fmt: skip


@pytest.fixture
def sandbox():
    with Sandbox(Settings(data=":memory:", ports="auto", login=LOGIN)) as running:
        yield running


def ask(sandbox, path="/sandbox/v1/status", method="GET", **headers):
    return httpx.request(method, sandbox.url + path, headers=headers, trust_env=False, timeout=60)


def basic(login):
    return f"Basic {b64encode(login.encode()).decode()}"


def test_nothing_of_the_window_is_seen_without_it(sandbox):
    for path in PATHS:
        answer = ask(sandbox, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "login-needed"), path
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert ask(sandbox, "/sandbox/v1/messages", "DELETE").status_code == 401


def test_the_providers_services_do_not_ask_for_it(sandbox):
    answer = ask(sandbox, "/20220926/actions/submitEmail", "POST")
    assert "www-authenticate" not in answer.headers or "email-sandbox" not in answer.headers["www-authenticate"]
    assert answer.json().get("code"), "the service answers in its own words"


def test_who_knows_it_gets_in(sandbox):
    assert ask(sandbox, Authorization=basic(LOGIN)).status_code == 200
    assert ask(sandbox, Authorization=basic(LOGIN).replace("Basic", "bAsIc")).status_code == 200
    assert ask(sandbox, Authorization=f"Bearer {PASSWORD}".encode()).status_code == 200
    assert "default-src 'none'" in ask(sandbox, "/", Authorization=basic(LOGIN)).headers["content-security-policy"]


@pytest.mark.parametrize(
    "wrong",
    [
        "Basic", "Basic !", "Basic " + "A" * 4000, "Bearer", "Bearer x", "Digest x", "x",
        basic(":"), basic(USER), basic(USER + ":"), basic(LOGIN + " "), basic(LOGIN.lower()),
        basic("root:" + PASSWORD), f"Bearer {b64encode(LOGIN.encode()).decode()}", "Basic /w==",
    ],
)  # fmt: skip
def test_nobody_else_does(shared, wrong):
    answer = ask(shared, Authorization=wrong)
    assert (answer.status_code, answer.json()["error"]["code"]) in ((401, "wrong-login"), (429, "too-many-logins"))


@pytest.fixture(scope="module")
def shared():
    with Sandbox(Settings(data=":memory:", ports="auto", login=LOGIN)) as running:
        yield running


def test_guessing_ends_soon(sandbox):
    tried = [ask(sandbox, Authorization=basic(f"{USER}:{number}")).status_code for number in range(GUESSES + 2)]
    late = ask(sandbox, Authorization=basic(LOGIN))

    assert tried == [401] * GUESSES + [429] * 2
    assert late.status_code == 429, "a right guess is not told from a wrong one any more"
    assert 0 < int(late.headers["retry-after"]) <= WINDOW
    assert ask(sandbox).status_code == 401, "who says nothing guesses nothing"


def test_the_wait_is_over_after_a_while_and_for_one_address_only():
    now = [1000.0]
    guesses = Guesses(lambda: now[0])
    for _ in range(GUESSES):
        assert guesses.wait("a") == 0
        guesses.wrong("a")
        now[0] += 1

    assert guesses.wait("a") == WINDOW - GUESSES
    assert guesses.wait("b") == 0
    now[0] += WINDOW - GUESSES
    assert guesses.wait("a") == 0
    guesses.wrong("a")
    assert guesses.wait("a") == 1, "as many as that within the time, not in all"


def test_clients_take_it_from_the_url_and_show_it_nowhere(sandbox):
    with Client(with_login(sandbox.url, LOGIN)) as client:
        assert client.status()["version"]
        assert client.url == sandbox.url
        assert PASSWORD not in repr(client)
        with Client(client.environ["EMAIL_SANDBOX_URL"]) as again:
            assert again.messages() == []
    with (
        Client(with_login(sandbox.url, "Jörg:other")) as client,
        pytest.raises(ApiError, match="not the user and pass"),
    ):
        client.status()
    with Client(sandbox.url) as client, pytest.raises(ApiError, match="asks for a user and a password"):
        client.status()


def test_what_does_not_answer_is_named_without_it():
    with Client("http://ann:secret@127.0.0.1:9") as client, pytest.raises(UnreachableError) as failure:
        client.status()
    assert "127.0.0.1:9" in str(failure.value)
    assert "secret" not in str(failure.value)


def test_commands_take_it_too(sandbox):
    environment = {**os.environ, "EMAIL_SANDBOX_URL": with_login(sandbox.url, LOGIN)}
    command = [sys.executable, "-m", "sandbox", "messages", "--json"]
    window_mail.post(sandbox, subject="Seen")
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "Seen" in found.stdout


def test_a_sandbox_in_process_knows_its_own_login():
    with InProcess(login="me:hush") as box:
        box.reset()
        assert box.messages() == []
        assert "hush" not in repr(box._settings)


def test_the_page_works_behind_it(sandbox):
    """With the stream, the preview in its frame and a change: a browser asks once and remembers."""
    image = b"\x89PNG\r\n\x1a\n"
    with web_browser.chromium() as browser:
        context = browser.new_context(http_credentials={"username": USER, "password": PASSWORD, "origin": sandbox.url})
        page = context.new_page()
        page.goto(sandbox.url)
        page.get_by_text("live", exact=True).wait_for()
        window_mail.post(sandbox, subject="Behind", html="<p>Inside the frame", files=[("a.png", "image/png", image)])
        page.get_by_text("Behind").first.click()
        page.frame_locator("iframe").get_by_text("Inside the frame").wait_for()
        context.close()
        stranger = browser.new_context().new_page()
        with pytest.raises(Exception, match="ERR_INVALID_AUTH_CREDENTIALS"):
            stranger.goto(sandbox.url)


@pytest.mark.parametrize("wrong", ["secret", ":", "a:", ":b", "a b:c", "a: "])
def test_what_is_no_login_is_refused_without_repeating_it(wrong):
    with pytest.raises(SettingsError, match="team:a-long-password") as failure:
        load({"login": wrong})
    assert repr(wrong) not in str(failure.value)


@pytest.mark.parametrize("login", ["", "a:b", LOGIN, "a:b:c", "a@b:c@d"])
def test_urls_carry_any_login(login):
    url = with_login("http://127.0.0.1:8025/mail", login)
    assert without_login(url) == ("http://127.0.0.1:8025/mail", login)
    assert url.isascii() or not login
    assert bool(header(login)) is bool(login)


@pytest.mark.parametrize("url", ["", "http://[::1", "nonsense", "http://127.0.0.1:8025/a@b"])
def test_urls_without_a_login_stay_as_they_are(url):
    assert without_login(url) == (url, "")


@pytest.mark.parametrize(
    ("host", "login", "warned"),
    [
        ("127.0.0.1", "", False), ("127.9.9.9", "", False), ("::1", "", False), ("localhost", "", False),
        ("0.0.0.0", "", True), ("::", "", True), ("10.0.0.7", "", True), ("mail.example", "", True),
        ("0.0.0.0", "a:b", False),
    ],
)  # fmt: skip
def test_it_warns_when_others_can_read_everything(host, login, warned):
    assert bool(warned_of(Settings(host=host, login=login))) is warned


def test_the_warning_is_seen_wherever_one_looks():
    with Sandbox(Settings(data=":memory:", ports="auto", host="0.0.0.0")) as running, Client(running.url) as client:
        (warning,) = client.status()["warnings"]
        assert "listening on 0.0.0.0 without a login" in warning
        with web_browser.chromium() as browser:
            page = browser.new_page()
            page.goto(running.url)
            page.get_by_text(warning).wait_for()


def test_commands_and_clients_speak_https_with_the_authority_of_the_environment(sandbox):
    url = with_login(sandbox.ready["https"], LOGIN)
    with Client(url, ca_file=sandbox.ready["ca_file"]) as client:
        assert client.status()["version"]
    with Client(url) as client, pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
        client.status()
    environment = {**os.environ, "EMAIL_SANDBOX_URL": url, "SSL_CERT_FILE": sandbox.ready["ca_file"]}
    command = [sys.executable, "-m", "sandbox", "messages", "--json"]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_the_certificate_is_for_the_names_that_are_allowed():
    settings = Settings(
        data=":memory:", ports="auto", allowed_hosts=["Mail.Dev.example", "[2001:db8::7]", "köln.example"]
    )
    with Sandbox(settings) as running:
        place = urlsplit(running.ready["https"])
        trusting = ssl.create_default_context(cafile=running.ready["ca_file"])
        for name in ("mail.dev.example", "2001:db8::7", "localhost"):
            with (
                socket.create_connection((place.hostname, place.port), timeout=20) as plain,
                trusting.wrap_socket(plain, server_hostname=name) as secured,
            ):
                assert secured.version()
