"""Other web sites can't use the sandbox: rebound names and cross-site requests are refused on every path."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest
import window_mail

from sandbox.app import Sandbox
from sandbox.settings import Settings

PATHS = ("/", "/web/app.js", "/sandbox/v1/messages", "/20220926/actions/submitEmail", "/nothing")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Settings(data=":memory:", ports="auto", allowed_hosts=["sandbox.test"])) as running:
        yield running


def ask(sandbox, method="GET", path="/sandbox/v1/messages", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, sandbox.url + path, headers=named, trust_env=False, timeout=60)


def is_refused(response, code):
    assert response.status_code == 403
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_rebound_name_is_refused_everywhere(sandbox, path, method):
    is_refused(ask(sandbox, method, path, Host="evil.test"), "host-not-allowed")


@pytest.mark.parametrize(
    "host",
    [
        "evil.test:{port}", "127.0.0.1.evil.test", "localhost.evil.test:{port}", "evil.localhost", "localhost.",
        "127.0.0.1:{port}x", "127.0.0.1:-1", "127.0.0.1@evil.test", "user@127.0.0.1", "127.1", "2130706433",
        "0x7f000001", "[::1", "[::1].evil.test", "169.254.169.254", "0.0.0.0", ":{port}", "127.0.0.1:{port}:1",
        "localhost/..", "localhost#", "127.0.0.1:\u0660",
    ],
)  # fmt: skip
def test_no_other_host_is_let_in(sandbox, host):
    value = host.format(port=urlsplit(sandbox.url).port).encode()
    with socket.create_connection((urlsplit(sandbox.url).hostname, urlsplit(sandbox.url).port), timeout=60) as client:
        client.sendall(b"GET /sandbox/v1/clock HTTP/1.1\r\nHost: " + value + b"\r\nConnection: close\r\n\r\n")
        status = client.recv(12)
    assert status in (b"HTTP/1.1 403", b"HTTP/1.1 400"), status


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1", "evil.test"], ["evil.test", "127.0.0.1"], [""]])
def test_host_is_needed_exactly_once(sandbox, hosts):
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    with socket.create_connection((urlsplit(sandbox.url).hostname, urlsplit(sandbox.url).port), timeout=60) as client:
        client.sendall(f"GET /sandbox/v1/clock HTTP/1.0\r\n{lines}\r\n".encode())
        status = client.recv(12)
    assert status in (b"HTTP/1.1 403", b"HTTP/1.1 400"), status


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "LOCALHOST", "localhost:1", "[::1]:8025", "sandbox.test", "Sandbox.Test:80"]
)
def test_own_names_are_let_in(sandbox, host):
    assert ask(sandbox, Host=host).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://127.0.0.1.evil.test"},
        {"Origin": "http://[::1"},
        {"Origin": "file://"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "Cross-Site"},
        {"Origin": "OWN", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_a_change_that_another_site_asks_for_is_refused(sandbox, headers):
    window_mail.post(sandbox)
    filled = {name: value.replace("OWN", sandbox.url) for name, value in headers.items()}
    for method, path in (
        ("DELETE", "/sandbox/v1/messages"),
        ("POST", "/sandbox/v1/reset"),
        ("PATCH", "/sandbox/v1/messages/x"),
        ("POST", "/20220926/actions/submitEmail"),
        ("PUT", "/anything"),
    ):
        is_refused(ask(sandbox, method, path, **filled), "cross-site")
    assert ask(sandbox).json()["total"] > 0, "nothing was removed"


def test_the_own_page_and_programs_may_change_things(sandbox):
    assert ask(sandbox, "DELETE").status_code == 200
    assert ask(sandbox, "DELETE", Origin=sandbox.url, Sec_Fetch_Site="same-origin").status_code == 200
    assert ask(sandbox, "DELETE", Origin="https://sandbox.test", Host="sandbox.test").status_code == 200
    assert ask(sandbox, "DELETE", Sec_Fetch_Site="none").status_code == 200


def test_reading_needs_no_origin(sandbox):
    assert ask(sandbox, Origin="http://evil.test", Sec_Fetch_Site="cross-site").status_code == 200
    assert "access-control-allow-origin" not in ask(sandbox, Origin="http://evil.test").headers


def test_https_is_guarded_too(sandbox):
    import ssl

    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    with httpx.Client(base_url=sandbox.ready["https"], verify=context, trust_env=False, timeout=60) as client:
        assert client.get("/sandbox/v1/clock").status_code == 200
        is_refused(client.get("/sandbox/v1/clock", headers={"Host": "evil.test"}), "host-not-allowed")
