"""Random sequences of commands against a model of the session: RFC 5321 with the rules of OCI's dialect."""

from dataclasses import dataclass, field

import pytest
from dialogues import plain, settings_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smtp_wire import Client, forget, stored

from sandbox.app import Sandbox

LIMIT = 2_000
"""Octets that a message may have."""
RECIPIENTS = 2
"""Recipients that it may have."""
GONE = "gone@example.org"
HEADER = b"From: noreply@example.com\r\n\r\n"
MESSAGES = {
    "text": (HEADER + b"text\r\n", 250),
    "dots": (HEADER + b".\r\n..\r\n.a\r\n\n.\n\r.\r\r\n\n.\r\nRSET\r\n", 250),
    "commands": (HEADER + b"RSET\r\nMAIL FROM:<noreply@example.com>\r\nQUIT\r\n", 250),
    "exact size": (HEADER + b"x" * (LIMIT - len(HEADER) - 2) + b"\r\n", 250),
    "too large": (HEADER + b"x" * (LIMIT - len(HEADER) - 1) + b"\r\n", 552),
    "no header": (b"text\r\n", 554),
    "stranger": (b"From: stranger@example.net\r\n\r\ntext\r\n", 535),
}
"""What a client sends as message data, and the answer."""


@dataclass
class Model:
    """What a session must remember; each command returns the statuses of its replies."""

    secured: bool = False
    greeted: bool = False
    known: bool = False
    sender: bool = False
    recipients: list[str] = field(default_factory=list)
    accepted: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)

    def over(self):
        self.sender, self.recipients = False, []

    def ehlo(self):
        self.greeted = True
        self.over()
        return [250]

    def starttls(self):
        if self.secured:
            return [503]
        self.secured, self.greeted = True, False
        self.over()
        return [220]

    def auth(self, *statuses):
        if not self.greeted or self.known:
            return [503]
        self.known = statuses[-1] == 235
        return list(statuses)

    def mail(self, status):
        if not self.greeted:
            return [503]
        if not self.known:
            return [535]
        if self.sender:
            return [503]
        self.sender = status == 250
        return [status]

    def rcpt(self, address):
        if not self.known:
            return [535]
        if not self.sender:
            return [503]
        if "@" not in address:
            return [553]
        if len(self.recipients) >= RECIPIENTS:
            return [452]
        self.recipients.append(address)
        return [254 if address == GONE else 250]

    def data(self, name):
        if not self.known:
            return [535]
        if not self.recipients:
            return [503]
        octets, status = MESSAGES[name]
        if status == 250:
            self.accepted.append((tuple(self.recipients), octets))
        self.over()
        return [354, status]

    def rset(self):
        self.over()
        return [250]


@dataclass(frozen=True)
class Step:
    """A command as the client says it, and what the model makes of it."""

    line: str
    meaning: object
    in_clear: bool = False
    follows: bytes = b""
    """What the client says once the server asks for more."""


def answers(status):
    return lambda _: [status]


def mail(rest, status):
    return Step(f"MAIL FROM:{rest}", lambda model: model.mail(status))


def rcpt(address):
    return Step(f"RCPT TO:<{address}>", lambda model: model.rcpt(address))


def auth(line, *statuses, follows=""):
    return Step(line, lambda model: model.auth(*statuses), follows=f"{follows}\r\n".encode())


def data(name):
    octets = (b"\r\n" + MESSAGES[name][0]).replace(b"\r\n.", b"\r\n..")[2:]
    return Step("DATA", lambda model: model.data(name), follows=octets + b".\r\n")


WAY = [
    Step("EHLO client.example", Model.ehlo, in_clear=True),
    Step("STARTTLS", Model.starttls, in_clear=True),
    Step("EHLO client.example", Model.ehlo, in_clear=True),
    auth("AUTH PLAIN {secret}", 235),
    mail("<noreply@example.com>", 250),
    rcpt("one@example.org"),
    rcpt("two@example.org"),
    data("text"),
]
"""The way of a client that does everything right."""
ODD = [
    Step("HELO client.example", Model.ehlo),
    Step("EHLO", answers(501), in_clear=True),
    Step("STARTTLS now", answers(501), in_clear=True),
    auth("AUTH PLAIN", 334, 235, follows="{secret}"),
    auth("AUTH PLAIN", 334, 501, follows="*"),
    auth("AUTH PLAIN", 334, 501, follows="no*base64"),
    auth("AUTH PLAIN {wrong}", 535),
    auth("AUTH LOGIN", 504),
    mail("<stranger@example.net>", 535),
    mail("<wrong>", 553),
    mail("<noreply@example.com> SIZE=2000", 250),
    mail("<noreply@example.com> SIZE=2001", 552),
    mail("<noreply@example.com> SMTPUTF8", 555),
    *map(rcpt, ["three@example.org", GONE, "wrong"]),
    *map(data, MESSAGES),
    Step("DATA now", answers(501)),
    Step("RSET", Model.rset),
    Step("NOOP", answers(250), in_clear=True),
    Step("VRFY one", answers(502)),
    Step("HELP", answers(214)),
    Step("BDAT 0 LAST", answers(500), in_clear=True),
    Step("XYZZY", answers(500), in_clear=True),
]
"""What it may do besides, right or wrong."""


@pytest.fixture(scope="module")
def sandbox():
    wanted = f'limits = "unlimited"\nauth_failures = 100000\nsuppressed = ["{GONE}"]\n'
    wanted += f"max_message_bytes = {LIMIT}\nmax_recipients = {RECIPIENTS}"
    with Sandbox(settings_of(wanted)) as running:
        yield running


class Speaker:
    """A client that says several commands at once and compares all answers with the model's."""

    def __init__(self, sandbox, port):
        self.client, self.model = Client(sandbox, port), Model(secured=port == 465)
        user = sandbox.ready["oci"]["smtp_username"]
        self.values = {"secret": self.client.secret, "wrong": plain(user, "wrong")}
        self.unsaid, self.expected = b"", [("the greeting", 220)]

    def add(self, step):
        obeyed = self.model.secured or step.in_clear
        statuses = step.meaning(self.model) if obeyed else [530]
        self.unsaid += f"{step.line.format(**self.values)}\r\n".encode()
        if len(statuses) > 1:
            self.unsaid += step.follows if step.line == "DATA" else step.follows.decode().format(**self.values).encode()
        self.expected += [(step.line, status) for status in statuses]
        if statuses == [220]:  # nothing may be pipelined behind STARTTLS
            self.say()
            self.client.secure()

    def say(self):
        self.client.send(self.unsaid)
        found = [(line, int(self.client.reply()[:3])) for line, _ in self.expected]
        assert found == self.expected
        self.unsaid, self.expected = b"", []


def check(sandbox, speaker):
    """The last answers, and that exactly the accepted messages are stored."""
    speaker.say()
    speaker.client.close()
    found = [(record.envelope.rcpt_to, octets) for record, octets in stored(sandbox)]
    assert found == speaker.model.accepted


@pytest.mark.parametrize("stage", range(len(WAY) + 1))
def test_each_command_at_each_stage(sandbox, stage):
    """After it the client goes on as if nothing had happened, then sends another message."""
    for odd in [*WAY, *ODD]:
        forget(sandbox)
        speaker = Speaker(sandbox, 587)
        for step in [*WAY[:stage], odd, *WAY[stage:], *WAY[4:]]:
            speaker.add(step)
        check(sandbox, speaker)


slices = st.tuples(st.integers(0, len(WAY)), st.integers(0, len(WAY))).map(lambda ends: WAY[min(ends) : max(ends)])
steps = st.one_of(slices, st.lists(st.sampled_from(ODD), max_size=4))


@given(port=st.sampled_from([587, 465]), groups=st.lists(st.tuples(steps, st.booleans()), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_session_behaves_as_its_model(sandbox, port, groups):
    """Every reply has the status that the model expects, whatever is pipelined."""
    forget(sandbox)
    speaker = Speaker(sandbox, port)
    for group, at_once in groups:
        for step in group:
            speaker.add(step)
            if not at_once:
                speaker.say()
    check(sandbox, speaker)
