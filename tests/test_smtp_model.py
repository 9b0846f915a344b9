"""Random sequences of commands against a model of the session: RFC 5321 with the rules of OCI's dialect."""

from dataclasses import dataclass, field

import pytest
from dialogues import settings_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smtp_wire import Client, forget, stored

from sandbox.app import Sandbox

MESSAGE = b"From: noreply@example.com\r\n\r\ntext\r\n"


@dataclass
class Model:
    """What a session must remember."""

    greeted: bool = False
    known: bool = False
    sender: bool = False
    recipients: list[str] = field(default_factory=list)
    accepted: list[tuple[str, ...]] = field(default_factory=list)

    def ehlo(self):
        self.greeted, self.sender, self.recipients = True, False, []
        return 250

    def auth(self):
        if not self.greeted:
            return 503
        if self.known:
            return 503
        self.known = True
        return 235

    def mail(self, *, approved=True):
        if not self.greeted:
            return 503
        if not self.known:
            return 535
        if self.sender:
            return 503
        self.sender = approved
        return 250 if approved else 535

    def rcpt(self, address, *, valid=True):
        if not self.known:
            return 535
        if not self.sender:
            return 503
        if not valid:
            return 553
        self.recipients.append(address)
        return 254 if address == "gone@example.org" else 250

    def data(self):
        if not self.known:
            return 535
        return 354 if self.recipients else 503

    def message(self):
        self.accepted.append(tuple(self.recipients))
        self.sender, self.recipients = False, []
        return 250

    def rset(self):
        self.sender, self.recipients = False, []
        return 250


COMMANDS = {
    "EHLO client.example": Model.ehlo,
    "HELO client.example": Model.ehlo,
    "EHLO": lambda _: 501,
    "AUTH PLAIN {secret}": Model.auth,
    "MAIL FROM:<noreply@example.com>": Model.mail,
    "MAIL FROM:<stranger@example.net>": lambda model: model.mail(approved=False),
    "RCPT TO:<one@example.org>": lambda model: model.rcpt("one@example.org"),
    "RCPT TO:<two@example.org>": lambda model: model.rcpt("two@example.org"),
    "RCPT TO:<gone@example.org>": lambda model: model.rcpt("gone@example.org"),
    "RCPT TO:<wrong>": lambda model: model.rcpt("", valid=False),
    "DATA": Model.data,
    "RSET": Model.rset,
    "NOOP": lambda _: 250,
    "VRFY one": lambda _: 502,
    "HELP": lambda _: 214,
    "XYZZY": lambda _: 500,
    "STARTTLS": lambda _: 503,
}


@pytest.fixture(scope="module")
def sandbox():
    wanted = 'limits = "unlimited"\nauth_failures = 100000\nsuppressed = ["gone@example.org"]'
    with Sandbox(settings_of(wanted)) as running:
        yield running


usual = st.sampled_from(
    [
        "EHLO client.example",
        "AUTH PLAIN {secret}",
        "MAIL FROM:<noreply@example.com>",
        "RCPT TO:<one@example.org>",
        "DATA",
    ]
)


@given(script=st.lists(st.one_of(usual, st.sampled_from(sorted(COMMANDS))), min_size=5, max_size=18))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_session_behaves_as_its_model(sandbox, script):
    """Every reply has the status that the model expects, and exactly the accepted messages are stored."""
    forget(sandbox)
    model, client = Model(), Client(sandbox, 465)
    assert client.reply().startswith(b"220 ")
    for line in script:
        expected = COMMANDS[line](model)
        said = client.say(line.format(secret=client.secret))
        assert int(said[:3]) == expected, (line, said)
        if expected == 354:
            client.send(MESSAGE + b".\r\n")
            assert int(client.reply()[:3]) == model.message()
    client.close()
    assert [record.envelope.rcpt_to for record, _ in stored(sandbox)] == model.accepted
