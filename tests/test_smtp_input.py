"""What the client sends, read in bounded pieces; and that no octets at all make a session fail."""

import asyncio
import logging

import pytest
from dialogues import sessions, settings_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.core.errors import Condition, Refusal
from sandbox.wire.smtp.data import read_content
from sandbox.wire.smtp.lines import SKIPPED, IdleError, Input


def reading(work):
    """Run `work(input)` on a loop."""

    async def run():
        return await work(Input())

    return asyncio.run(run())


def test_lines_come_one_by_one_and_end_with_the_connection():
    async def work(source):
        source.feed(b"NOOP\r\nRSET\r\nhalf")
        source.end()
        return [await source.line(), await source.line(), await source.line()]

    assert reading(work) == [b"NOOP", b"RSET", None]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"NOOP\n", Condition.BARE_LINE_FEED),
        (b"NOOP " + b"x" * 506 + b"\r\n", Condition.LINE_TOO_LONG),
        (b"x" * 5000 + b"\r\n", Condition.LINE_TOO_LONG),
        (b"AUTH " + b"x" * 12_282 + b"\r\n", Condition.LINE_TOO_LONG),
        (b"\x16\x03\x01", Condition.NOT_SMTP),
    ],
)
def test_a_line_that_can_t_be_obeyed(octets, reason):
    """It is refused, and the line behind it is read as if nothing had happened."""

    async def work(source):
        source.feed(octets + (b"" if reason is Condition.NOT_SMTP else b"QUIT\r\n"))
        with pytest.raises(Refusal) as caught:
            await source.line()
        return caught.value.reason, await source.line() if reason is not Condition.NOT_SMTP else b"QUIT"

    assert reading(work) == (reason, b"QUIT")


@pytest.mark.parametrize("line", [b"NOOP " + b"x" * 505, b"auth " + b"x" * 12_281, b"MAIL " + b"x" * 900])
def test_a_line_of_the_longest_length(line):
    async def work(source):
        source.feed(line + b"\r\n")
        return await source.line()

    assert reading(work) == line


def test_a_line_without_end_costs_no_memory():
    async def work(source):
        task = asyncio.ensure_future(source.line())
        for _ in range(SKIPPED // 65_536 + 2):
            source.feed(b"x" * 65_536)
            await asyncio.sleep(0)
        with pytest.raises(Refusal):
            await task
        return source.flooded, len(source._buffer)

    assert reading(work) == (True, 0)


def test_the_idle_time_of_a_line_begins_once_and_that_of_data_with_each_chunk():
    """A client that drips one octet at a time gets no more time for its line; one that sends data does."""

    async def work(source):
        now = [100.0]
        source._clock = lambda: now[0]
        seen = []
        task = asyncio.ensure_future(source.line())
        for octets in (b"N", b"O", b"OP\r\n"):
            await asyncio.sleep(0)
            seen.append(source.waiting_since)
            now[0] += 10
            source.feed(octets)
        await task
        seen.append(source.waiting_since)
        for octets in (b"one", b"two"):
            task = asyncio.ensure_future(source.chunk())
            await asyncio.sleep(0)
            seen.append(source.waiting_since)
            now[0] += 10
            source.feed(octets)
            await task
        return seen

    assert reading(work) == [100.0, 100.0, 100.0, None, 130.0, 140.0]


def test_an_interrupted_read_says_why():
    async def work(source):
        task = asyncio.ensure_future(source.chunk())
        await asyncio.sleep(0)
        source.interrupt(IdleError())
        with pytest.raises(IdleError):
            await task

    reading(work)


PIECES = [b"\r", b"\n", b"\r\n", b".", b"x", b"\r\n.", b"\r\n.\r", b"\n.\r\n"]


def oracle(octets):
    """The content of a DATA stream, line by line as RFC 5321 tells it: an independent reading."""
    content, rest = b"", octets
    while True:
        line, end, rest = rest.partition(b"\r\n")
        assert end
        if line == b".":
            return content, rest
        content += (line[1:] if line.startswith(b".") else line) + end


@given(
    pieces=st.lists(
        st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"x", b"\r\n.", b"\r\n.\r", b"\n.\r\n"]), max_size=40
    ),
    size=st.integers(1, 7),
)
@settings(max_examples=400, deadline=None)
def test_data_is_read_as_the_standard_tells_however_it_is_cut(pieces, size):
    octets = b"".join(pieces) + b"\r\n.\r\nNOOP\r\n"

    async def work(source):
        task = asyncio.ensure_future(read_content(source, 10_000))
        for start in range(0, len(octets), size):
            source.feed(octets[start : start + size])
            await asyncio.sleep(0)
        source.end()
        content = await task
        rest = b""
        while chunk := await source.chunk():
            rest += chunk
        return content, rest

    content, rest = reading(work)
    assert (content.octets, rest) == oracle(octets)
    assert content.size == len(content.octets)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(settings_of("auth_failures = 1000")) as running:
        yield running


CONTROLS = [octet for octet in range(32) if octet not in b"\r\n"] + [0x7F]
ARGUMENTS = [
    "EHLO cli%cent.example",
    "AUTH PL%cAIN x",
    "MAIL FROM:<nore%cply@example.com>",
    "MAIL FROM:<noreply@example.com> SI%cZE=1",
    "RCPT TO:<read%cer@example.org>",
    "NOOP %c",
    "VRFY a%c",
    "XYZ%cZY",
    "QUIT%c",
]


@pytest.mark.parametrize("line", ARGUMENTS)
def test_no_control_character_is_obeyed_or_repeated(sandbox, line):
    """Each of them, also a CR that ends no line, in any argument; the session goes on, up to its limit of errors."""
    for some in (CONTROLS[:15], CONTROLS[15:], [0x0D]):
        client = Client(sandbox).ehlo()
        for octet in some:
            client.send((line % octet).encode("latin-1") + b"\r\n")
            assert client.reply() == b"500 5.5.2 Illegal character in command\r\n"
        assert client.say("NOOP") == b"250 Ok\r\n"
        client.close()


WORDS = [
    b"MAIL FROM:",
    b"RCPT TO:",
    b"<a@b.example>",
    b"AUTH PLAIN ",
    b"EHLO ",
    b"\r\n",
    b"DATA\r\n",
    b" ",
    b"=",
    b"HELP",
    b"RSET",
]
lines = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=40)), max_size=30).map(b"".join)


@given(octets=lines)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_octets_make_a_session_fail(sandbox, caplog, octets):
    """Whatever a client says after EHLO, each line gets an answer and nothing is logged as an error."""
    caplog.set_level(logging.WARNING)
    client = Client(sandbox).ehlo()
    client.send(octets + b"\r\nQUIT\r\nQUIT\r\n")  # the first may be the answer to a challenge
    answers = client.stream.read().splitlines()
    client.close()
    assert answers
    assert all(answer[:3].isdigit() and len(answer) <= 512 for answer in answers)
    assert all(32 <= octet < 127 for answer in answers for octet in answer)
    last = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]
    assert not {"oci.smtp.451.server-error", "oci.smtp.421.execute"} & {one["error"] for one in last.refusals}
    assert not caplog.records
