"""AUTH beyond OCI's own dialect, and whose forced errors count at which moment."""

import base64

import pytest
from dialogues import plain, settings_of
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.core.faults import make_fault
from sandbox.providers.oci import smtp


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def with_login(monkeypatch):
    """A sandbox whose dialect offers LOGIN too."""
    usual = smtp.Dialect
    monkeypatch.setattr(smtp, "Dialect", lambda **given: usual(**{**given, "mechanisms": ["PLAIN", "LOGIN"]}))
    with Sandbox(settings_of('smtp_users = [{ username = "user", password = "pass" }]')) as sandbox:
        yield sandbox


def test_login_asks_for_user_and_password(with_login):
    client = Client(with_login).ehlo()
    assert client.say("auth login") == b"334 VXNlcm5hbWU6\r\n"
    assert client.say(encoded("user")) == b"334 UGFzc3dvcmQ6\r\n"
    assert client.say(encoded("pass")) == b"235 Authentication successful.\r\n"
    client.close()


def test_login_takes_the_user_with_the_command_and_can_be_cancelled(with_login):
    client = Client(with_login).ehlo()
    assert client.say("AUTH LOGIN " + encoded("user")) == b"334 UGFzc3dvcmQ6\r\n"
    assert client.say("*") == b"501 Authentication canceled by client.\r\n"
    assert client.say("AUTH LOGIN " + encoded("user")) == b"334 UGFzc3dvcmQ6\r\n"
    assert client.say(encoded("wrong")) == b"535 Authentication credentials invalid\r\n"
    client.close()


def test_auth_lines_may_be_as_long_as_the_standard_has_it():
    """12,288 octets with CRLF (RFC 4954 section 4), with the command and as an answer; one more is refused, no more."""
    with Sandbox(settings_of("")) as sandbox:
        client = Client(sandbox).ehlo()
        longest = encoded("\0" + "u" * 9000 + "\0p").rstrip("=")
        longest += "A" * (12_288 - len("AUTH PLAIN \r\n") - len(longest))
        assert client.say(f"AUTH PLAIN {longest}")[:4] in (b"535 ", b"501 ")
        assert client.say(f"AUTH PLAIN {longest}A") == b"500 5.5.2 Command line too long\r\n"
        answer = encoded("\0" + "u" * 9210 + "\0p")
        assert len(answer) + 2 < 12_288
        assert client.say("AUTH PLAIN") == b"334 Ok\r\n"
        assert client.say(answer) == b"535 Authentication credentials invalid\r\n"
        assert client.say("AUTH PLAIN") == b"334 Ok\r\n"
        assert client.say("A" * 12_287) == b"500 5.5.2 Command line too long\r\n"
        assert client.say(f"AUTH PLAIN {client.secret}") == b"235 Authentication successful.\r\n"
        client.close()


def test_forced_errors_are_those_of_the_account_that_the_user_belongs_to():
    """Before a user is named, the ready-made account's; from AUTH on, those of the user's account."""
    with Sandbox(settings_of("")) as sandbox:
        services = sandbox.runtime.services
        other = sandbox.call(services.accounts.create())
        sandbox.call(sandbox.runtime.provision(other))
        user = sandbox.call(services.store.resources.all(other.id, "oci", "smtp-credential"))[0]
        catalog = services.providers["oci"].catalog
        for stage in ("AUTH", "MAIL"):
            wish = {"stage": stage, "times": 1}
            other.faults.add(make_fault(stage, catalog.get("smtp.451.server-error"), wish))
        own = Client(sandbox).login()
        assert own.say("MAIL FROM:<noreply@example.com>") == b"250 Ok\r\n"
        own.close()
        client = Client(sandbox).ehlo()
        secret = plain(user.key, user.data["password"])
        assert client.say(f"AUTH PLAIN {secret}") == b"451 Server error\r\n"
        assert client.say(f"AUTH PLAIN {secret}") == b"235 Authentication successful.\r\n"
        assert client.say("MAIL FROM:<noreply@example.com>") == b"451 Server error\r\n"
        assert client.say("MAIL FROM:<noreply@example.com>") == b"250 Ok\r\n"
        client.close()


def test_an_inactive_credential_is_refused():
    with Sandbox(settings_of("")) as sandbox:
        services = sandbox.runtime.services
        found = sandbox.call(services.store.resources.all("default", "oci", "smtp-credential"))[0]
        sandbox.call(services.store.resources.change(found, 0.0, lambda data: {**data, "lifecycleState": "INACTIVE"}))
        client = Client(sandbox).ehlo()
        assert client.say(f"AUTH PLAIN {client.secret}") == b"535 Authentication credentials invalid\r\n"
        client.close()
