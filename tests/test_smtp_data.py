"""Message data: exact octets, one end mark, sizes, and flat memory."""

import hashlib
import tracemalloc

import pytest
from dialogues import settings_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smtp_wire import Client, forget, stored

from sandbox.app import Sandbox

HEADER = b"From: noreply@example.com\r\n\r\n"
LIMIT = 2_097_152


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(settings_of('limits = "unlimited"')) as running:
        yield running


@pytest.fixture(autouse=True)
def clean(sandbox):
    yield
    forget(sandbox)


def stuffed(octets):
    """What a client sends for a message: each line after CRLF that begins with a dot gets another."""
    return (b"\r\n" + octets).replace(b"\r\n.", b"\r\n..")[2:]


tricky = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\0", b"\xff", b"\r\n.\r", b"\n.\n"])
).map(b"".join)


@given(bodies=st.lists(st.one_of(tricky, st.binary(max_size=300)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_octet_is_stored_as_it_was_meant(sandbox, bodies):
    """Whatever the body is made of, the stored message is the one before dot-stuffing."""
    forget(sandbox)
    client = Client(sandbox).login()
    sent = [HEADER + body + b"\r\n" for body in bodies]
    for message in sent:
        assert client.envelope().message(stuffed(message)) == b"250 Ok\r\n"
    client.close()
    found = stored(sandbox)
    assert [octets for _, octets in found] == sent
    assert [record.sha256 for record, _ in found] == [hashlib.sha256(message).hexdigest() for message in sent]


LOOKALIKES = [
    b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\r\n.\n", b"\n.\n\r\n", b"\r\n.\r\r\n",
    b"\r\n\x00.\r\n", b"\r\n.\x00\r\n", b"\r\n. \r\n", b"\r\n .\r\n", b"\n\r.\n\r", b"\x0b.\x0b", b"\x85.\x85",
]  # fmt: skip


@pytest.mark.parametrize("lookalike", LOOKALIKES, ids=repr)
@pytest.mark.parametrize("split", [False, True], ids=["at once", "octet by octet"])
def test_what_only_looks_like_the_end_is_part_of_the_message(sandbox, lookalike, split):
    """The smuggled commands behind it stay text: one message, no second one."""
    smuggled = b"MAIL FROM:<noreply@example.com>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nFrom: x@y.example\r\n"
    body = HEADER + b"text" + lookalike + smuggled
    client = Client(sandbox).login().envelope()
    assert client.say("DATA").startswith(b"354 ")
    for start in range(len(HEADER), len(body) if split else 0):
        client.send(body[: start + 1] if start == len(HEADER) else body[start : start + 1])
    client.send((b"" if split else body) + b".\r\n")
    assert client.reply() == b"250 Ok\r\n"
    assert client.say("NOOP") == b"250 Ok\r\n"
    client.close()
    ((record, octets),) = stored(sandbox)
    assert record.envelope.rcpt_to == ("reader@example.org",)
    assert octets == body.replace(b"\r\n.", b"\r\n")


BORDERS = [998, 1000, 4095, 4096, 8192, 16_383, 16_384, 32_768, *range(65_530, 65_538), 131_070, 131_072]
"""Where octets that arrive together are likely to be divided: lines, pages, TLS records, what the server reads at once."""


def test_the_end_is_found_wherever_it_falls_and_nowhere_else(sandbox):
    """A stuffed dot, a look-alike and the end mark right behind each border, with commands pipelined behind them."""
    client, sent = Client(sandbox).login(), []
    for border in BORDERS:
        filler = HEADER + b"x" * (border - len(HEADER) - 2)
        message = filler + b"\r\n.\r\n..\n.\r\n.\r\n"
        client.envelope()
        assert client.say("DATA").startswith(b"354 ")
        client.send(stuffed(message) + b".\r\nNOOP\r\nRSET\r\n")
        assert [client.reply() for _ in range(3)] == [b"250 Ok\r\n"] * 3
        sent.append(message)
    client.close()
    assert [octets for _, octets in stored(sandbox)] == sent


def test_lines_may_be_as_long_as_the_message(sandbox):
    message = HEADER + b"x" * 500_000 + b"\r\n"
    client = Client(sandbox).login().envelope()
    assert client.message(message) == b"250 Ok\r\n"
    client.close()
    assert stored(sandbox)[0][1] == message


def test_an_empty_body_and_an_empty_message(sandbox):
    client = Client(sandbox).login()
    assert client.envelope().message(HEADER) == b"250 Ok\r\n"
    assert client.envelope().message(b"") == b"554 Message parse error\r\n"
    client.close()
    assert [octets for _, octets in stored(sandbox)] == [HEADER]


def test_a_message_of_exactly_the_limit_passes_and_one_octet_more_does_not(sandbox):
    client = Client(sandbox).login()
    filler = b"x" * (LIMIT - len(HEADER) - 2)
    assert client.envelope().message(HEADER + filler + b"\r\n") == b"250 Ok\r\n"
    assert client.envelope().message(HEADER + filler + b"y\r\n") == b"552 Exceeds byte limit\r\n"
    client.close()
    assert [record.size for record, _ in stored(sandbox)] == [LIMIT]


def test_memory_stays_flat_while_far_too_much_arrives(sandbox):
    """20 MB against a limit of 2 MB: what is over the limit is read and dropped, and answered at the end."""
    client = Client(sandbox).login().envelope()
    assert client.say("DATA").startswith(b"354 ")
    chunk = (b"y" * 998 + b"\r\n") * 100
    tracemalloc.start()
    try:
        for _ in range(200):
            client.send(chunk)
        client.send(b".\r\n")
        assert client.reply() == b"552 Exceeds byte limit\r\n"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    client.close()
    assert peak < 8_000_000
    assert stored(sandbox) == []


def test_a_message_that_is_cut_off_is_not_stored(sandbox):
    client = Client(sandbox).login().envelope()
    assert client.say("DATA").startswith(b"354 ")
    client.send(HEADER + b"half a mess")
    client.close()
    other = Client(sandbox).login()
    other.close()
    assert stored(sandbox) == []
