"""What one client does costs no other client its time: floods of commands, and messages made to be hard to read."""

import base64
import statistics
import threading
import time

import pytest
from dialogues import settings_of
from loop_time import turns
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.wire.smtp.session import FAIR

HEADER = b"From: noreply@example.com\r\n"
MESSAGE = HEADER + b"Subject: x\r\n\r\ntext\r\n"
BOUND = 0.25
"""Seconds that another client's whole transaction may take at the median, on a machine that has nothing else to do."""
TURN = 0.1
"""Seconds of processor time for which nobody else has a turn, at the longest."""
ATTEMPTS = 3
"""A crowded machine can only lengthen a turn, so one attempt in which all were short is proof."""


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings_of('limits = "unlimited"\nauth_failures = 1000')) as sandbox:
        yield sandbox


def transaction(client):
    """Seconds of one ordinary message."""
    began = time.monotonic()
    assert client.envelope().message(MESSAGE) == b"250 Ok\r\n"
    return time.monotonic() - began


def meanwhile(client, work):
    """Seconds of each of the client's transactions while `work()` goes on in another thread, and of one after it."""
    worker = threading.Thread(target=work)
    worker.start()
    took = []
    while worker.is_alive():
        took.append(transaction(client))
    worker.join()
    return [*took, transaction(client)]


def disturbed(sandbox, monkeypatch, work):
    """What `work()` does to another client: (seconds of its transactions, what half may take, turns of the loop)."""
    for _ in range(ATTEMPTS):
        other = Client(sandbox).login()
        bound = max(BOUND, 10 * statistics.median(transaction(other) for _ in range(9)))
        with turns(sandbox, monkeypatch) as measured:
            took = meanwhile(other, work)
        other.close()
        if max(measured.seconds) < TURN and statistics.median(took) < bound:
            break
    return took, bound, measured


FLOODS = {"NOOP": 120_000, "RSET": 20_000, "VRFY ann": 20_000, "EHLO client.example": 20_000, "RCPT TO:<a@b.c>": 20_000}
"""Commands that a client pipelines, and how many of them; some are obeyed, the others are refused each time."""


@pytest.mark.parametrize("command", FLOODS)
def test_a_flood_of_commands_leaves_others_their_turn(sandbox, monkeypatch, command):
    """Twenty commands at most, then somebody else; also when the flood is over and what it said is written down."""
    count = FLOODS[command]

    def pour():
        flood = Client(sandbox)  # in the clear: OpenSSL lets no two threads share a connection
        assert flood.reply().startswith(b"220 ")
        sender = threading.Thread(target=flood.send, args=(f"{command}\r\n".encode() * count,))
        sender.start()
        for _ in range(count):
            assert flood.reply()
        sender.join()
        flood.close()

    took, bound, measured = disturbed(sandbox, monkeypatch, pour)
    assert sum(measured.obeyed) >= count
    assert max(measured.obeyed) <= FAIR
    assert max(measured.seconds) < TURN
    assert len(took) > 2
    assert statistics.median(took) < bound


ROOM = 262_000
"""Octets that a header block may have."""


def filled(before, part, after=b""):
    """A message whose header block is as large as one may be, made of `part`."""
    return before + part * ((ROOM - len(before) - len(after)) // len(part)) + after + b"\r\n\r\nx\r\n"


HOSTILE = {
    "semicolons": HEADER + b"Content-Type: text/plain" + b";" * 50_000 + b"\r\n\r\nx\r\n",
    "encoded words": HEADER + b"Subject: " + b"=?utf-8?q?a?= " * 10_000 + b"\r\n\r\nx\r\n",
    "words without end": filled(HEADER + b"Subject: ", b"=?u?q?a "),
    "punycode": filled(HEADER + b"Subject: =?punycode?q?a-", b"9", b"?="),
    "name in pieces": HEADER
    + b"Content-Type: text/plain"
    + b"".join(b";\r\n name*%d=a" % n for n in range(9000))
    + b"\r\n\r\nx\r\n",
    "parts": HEADER + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 200_000 + b"--b--\r\n",
    "nesting": HEADER
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
    + b"\r\nx\r\n",
    "messages in messages": HEADER + b"Content-Type: message/rfc822\r\n\r\n" * 5000 + b"x\r\n",
    "charset": HEADER + b"Content-Type: text/plain; charset=idna\r\nSubject: =?undefined?q?x?=\r\n\r\n\xff\xff\r\n",
    "comments": b"From: " + b"(" * 300 + b")" * 300 + b" noreply@example.com\r\n\r\nx\r\n",
    "dots": b"From: " + b"." * 20_000 + b"\r\n\r\nx\r\n",
    "quotes": b"From: " + b'"' * 20_000 + b"\r\n\r\nx\r\n",
    "blanks": filled(b"From: noreply@example.com,", b" ", b'"'),
    "marks": filled(b"From: noreply@example.com ", b"<"),
    "senders": filled(b"", b"From: noreply@example.com\r\n"),
    "recipients": filled(HEADER + b"To: ", b"ann@example.org, "),
    "identifiers": filled(HEADER + b"Message-ID: ", b"<"),
    "fields": filled(HEADER, b"a:\r\n"),
    "folds": filled(HEADER + b"Subject: x", b"\r\n x"),
    "lines": HEADER + b"\r\n" + b".\r\n" * 600_000,
    "base64": HEADER
    + b"Content-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(b"\xff" * 1_400_000).replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_ends_in_250_or_554_and_costs_nobody_else_a_turn(sandbox, monkeypatch, name):
    """While it is accepted, stored and read for search, another client's whole transactions stay quick."""
    hostile, said = Client(sandbox).login(), []

    def attack():
        said.append(hostile.envelope().message(HOSTILE[name].replace(b"\r\n.", b"\r\n..")))
        sandbox.call(sandbox.runtime.indexer.catch_up())

    took, bound, measured = disturbed(sandbox, monkeypatch, attack)
    hostile.close()
    assert said[0][:3] in (b"250", b"554")
    assert max(measured.seconds) < TURN
    assert statistics.median(took) < bound
