"""What the client sends: command lines with their limits checked while reading, and raw chunks inside DATA."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from sandbox.core.errors import Condition, Refusal
from sandbox.wire.pace import Pace

CHUNK = 65_536
"""Octets that are moved at once where a connection is slowed down, and below which a held one is read again."""
COMMAND_LINE = 512
"""Octets of a command line with its CRLF, RFC 5321 section 4.5.3.1.4."""
LONGER = {
    b"MAIL ": COMMAND_LINE + 26 + 17 + 500,  # SIZE (RFC 1870), BODY (RFC 6152), AUTH (RFC 4954 section 5)
    b"RCPT ": COMMAND_LINE + 500,  # RFC 3461 section 4 lets extensions add as much
    b"AUTH ": 12_288,  # RFC 4954 section 4
}
BEHIND = 2 * CHUNK
"""Octets that wait to be read before the connection is read no further."""
AUTH_LINE = LONGER[b"AUTH "]
"""Octets of a client's answer to a challenge, RFC 4954 section 4."""
MASK = "********"
"""What a transcript shows in place of a secret."""
SKIPPED = 1_048_576
"""Octets of an overlong line that are read to find its end; a line without end is cut off there."""
_BARE = re.compile(rb"(?<!\r)\n")
TLS_RECORD = 0x16
"""First octet of a TLS handshake, from a client that expects implicit TLS on a STARTTLS port."""


class IdleError(Exception):
    """The client was silent for too long."""


class StoppingError(Exception):
    """The listener is being closed."""


def command_limit(start: bytes | bytearray) -> int:
    """How long a command line may be, from how it begins."""
    return LONGER.get(bytes(start[:5]).upper(), COMMAND_LINE)


class Input:
    """The client's octets, in order, as the connection feeds them."""

    def __init__(self, hold: Callable[[], None] = lambda: None, release: Callable[[], None] = lambda: None) -> None:
        """`hold` stops the connection from reading while the session is behind, `release` lets it go on."""
        self.waiting_since: float | None = None
        """When the client was last expected to say something, in loop time; None while it is the server's turn."""
        self.flooded = False
        """Whether a line without end was cut off; nothing that follows can be understood."""
        self.bare_lines = False
        """Whether LF alone ends a line too; it is read as CRLF then, in message data as well."""
        self.ended = False
        """Whether the client will say nothing more; what it said before can still be read."""
        self._last = b""
        self._arrived = bytearray()
        self._buffer = bytearray()
        self._hold, self._release = hold, release
        self._held = False
        self._error: Exception | None = None
        self._interrupt: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self._least: Pace | None = None
        self._portion = CHUNK
        self._pace: Callable[[int], Awaitable[None]] | None = None

    # what the connection calls

    def feed(self, octets: bytes | memoryview) -> None:
        """Add what arrived."""
        self._arrived += octets
        if len(self._arrived) > BEHIND and not self._held:
            self._held = True
            self._hold()
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """The client will say nothing more, because of `error` if there is one."""
        self.ended, self._error = True, self._error or error
        self._wake()

    def interrupt(self, reason: Exception) -> None:
        """Make the present or next read that would take something raise `reason`."""
        self._interrupt = reason
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # what the session calls

    @property
    def pending(self) -> bool:
        """Whether the client has said more than was read so far."""
        return bool(self._buffer or self._arrived)

    def expect_data(self, seconds: float, rate: int) -> None:
        """Message data follows: a client gets `seconds` for it, and as long as it takes at `rate` octets a second."""
        self._least, self._last = Pace(seconds, rate, self._clock()), b""

    def slow_down(self, portion: int, pace: Callable[[int], Awaitable[None]]) -> None:
        """From now on read at most `portion` octets at once, and await `pace(octets)` after each."""
        self._portion, self._pace = portion, pace

    async def _fill(self) -> bool:
        """Add what arrives next; False at the end of the connection."""
        if self.waiting_since is None:
            self.waiting_since = self._clock()
        while not self._arrived and not self.ended and self._interrupt is None:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self._interrupt is not None:
            raise self._interrupt
        if not self._arrived:
            if self._error is not None:  # a broken TLS record, an unreachable host
                raise ConnectionResetError(f"the connection was lost: {self._error}") from self._error
            return False
        if self._pace is not None:
            await self._take_slowly(self._pace)
        elif self._buffer:
            self._buffer += self._arrived
            self._arrived.clear()
        else:
            self._buffer, self._arrived = self._arrived, self._buffer
        if self._held and len(self._arrived) <= CHUNK:
            self._held = False
            self._release()
        return True

    async def _take_slowly(self, pace: Callable[[int], Awaitable[None]]) -> None:
        """Move a portion of what arrived to where it is read, and wait as long as it would have taken."""
        portion = self._arrived[: self._portion]
        del self._arrived[: self._portion]
        self._buffer += portion
        self.waiting_since = None  # it is not the client who takes its time
        await pace(len(portion))

    async def line(self, limit: int | None = None) -> bytes | None:
        """The next line without its CRLF, None at the end of the connection.

        A command line unless `limit` (octets) says otherwise. Raises `Refusal(LINE_TOO_LONG)`,
        `Refusal(BARE_LINE_FEED)` or `Refusal(NOT_SMTP)`, `IdleError`, `StoppingError`.
        """
        searched = 0
        try:
            while (end := self._buffer.find(b"\n", searched)) < 0:
                if self._buffer:
                    await self._check_start(limit)
                searched = len(self._buffer)
                if not await self._fill():
                    return None
        finally:
            self.waiting_since = None
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if len(line) > COMMAND_LINE and len(line) > (limit or command_limit(line)):
            raise Refusal(Condition.LINE_TOO_LONG)
        if not line.endswith(b"\r\n"):
            if self.bare_lines:
                return line[:-1]
            raise Refusal(Condition.BARE_LINE_FEED)
        return line[:-2]

    async def _check_start(self, limit: int | None) -> None:
        """Refuse a line of which only the start is there."""
        if self._buffer[0] == TLS_RECORD:
            raise Refusal(Condition.NOT_SMTP)
        if len(self._buffer) > (limit or command_limit(self._buffer)):
            await self._skip_line()
            raise Refusal(Condition.LINE_TOO_LONG)

    async def _skip_line(self) -> None:
        """Drop the rest of a line, in bounded memory and up to a bounded length."""
        skipped = 0
        while (end := self._buffer.find(b"\n")) < 0:
            skipped += len(self._buffer)
            self._buffer.clear()
            if skipped > SKIPPED or not await self._fill():
                self.flooded = True
                return
        del self._buffer[: end + 1]

    async def chunk(self) -> bytes:
        """Some octets of message data, empty at the end of the connection; the idle time starts over with each.

        Raises `IdleError` for a client that sends, but so slowly that it will never end.
        """
        self.waiting_since = None
        try:
            if not self._buffer:
                await self._fill()
            octets = bytes(self._buffer)
            self._buffer.clear()
            self._check_rate(len(octets))
            return self._ended(octets) if self.bare_lines else octets
        finally:
            self.waiting_since = None

    def _ended(self, octets: bytes) -> bytes:
        """The octets with CRLF at the end of every line, across the borders of what arrives together."""
        before, self._last = self._last, octets[-1:] if octets.endswith(b"\r") else b""
        return _BARE.sub(b"\r\n", before + octets)[len(before) :]

    def _check_rate(self, arrived: int) -> None:
        if self._least is None or self._pace is not None:
            return
        now = self._clock()
        if self._least.late(now):
            raise IdleError
        self._least.moved(arrived, now)

    def unread(self, octets: bytes) -> None:
        """Give back what follows the end of the data: the next command of a client that pipelines."""
        self._buffer[:0] = octets

    def discard(self) -> int:
        """Forget everything that was sent but not yet read; returns how many octets that was."""
        count = len(self._buffer) + len(self._arrived)
        self._buffer.clear()
        self._arrived.clear()
        if self._held:
            self._held = False
            self._release()
        return count
