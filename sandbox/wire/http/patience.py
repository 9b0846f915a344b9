"""How long an HTTP client may take: one that sends or reads too slowly is cut off, so that it holds on to nothing.

The server beneath bounds only the time between two requests. Here every connection has a timer that looks now and then
whose turn it is. A client that is to send (a head, a body) or to read (what was answered) gets `seconds` for it, and
as long as its octets take at `rate`; while the sandbox itself is working, nobody is timed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.wire.http.connection import HttpConnection
from sandbox.wire.pace import Pace

LOOKS = 8
"""How often the timer looks within the time that a client gets."""
PIECE = 65_536
"""Octets of an answer that are handed to the connection at once; the next follow when they are on their way."""
TAKEN = PIECE // 4
"""Octets that a client has to take before it is told more."""
LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 41\r\n"
    b"Connection: close\r\n\r\nThe request took too long to come in full"
)

Turn = Literal["ask", "send", "read", "leave"]
Arriving = set[asyncio.Task[Any]]
"""What takes clients in that came just now, or are shaking hands; cancelled, it closes the client's socket."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """What a client gets."""

    seconds: float = 60.0
    rate: int = 500
    """Octets a second that come or go on top of it."""


class PatientProtocol(HttpConnection):
    """A client's connection, cut off when it is the client's turn for too long."""

    patience = Patience()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is there: its client is to ask for something."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=PIECE, low=PIECE - TAKEN)
        self._waiting_in = transport
        self._heard = False
        self._unread = 0
        self._turn: tuple[Turn, object] | None = None
        self._begin(None)
        self._timer = self.loop.call_later(self.patience.seconds / LOOKS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The client says something, which gives it time to say more."""
        self._heard = True
        self._pace.moved(len(data), self.loop.time())
        super().data_received(data)

    def resume_writing(self) -> None:
        """The client has taken some of what it was told."""
        self._pace.moved(TAKEN, self.loop.time())
        super().resume_writing()

    @property
    def idle(self) -> bool:
        """Whether no request is open and the last answer is on its way."""
        return (self.cycle is None or self.cycle.response_complete) and not self._waiting_in.get_write_buffer_size()

    def cut(self) -> None:
        """End the connection now; what the client has not read is lost, and a request that goes on is told."""
        self.transport.abort()

    def _begin(self, turn: tuple[Turn, object] | None) -> None:
        self._turn = turn
        self._pace = Pace(self.patience.seconds, self.patience.rate, self.loop.time())

    def _look(self) -> None:
        """See whose turn it is, and for how long."""
        before, self._unread = self._unread, self._waiting_in.get_write_buffer_size()
        turn, now = self._whose_turn(), self.loop.time()
        self._pace.moved(max(0, before - self._unread), now)
        if turn is None or turn != self._turn:
            self._begin(turn)
        elif self._pace.late(now):
            self._cut_off(turn[0])
        self._timer = self.loop.call_later(self.patience.seconds / LOOKS, self._look)

    def _whose_turn(self) -> tuple[Turn, object] | None:
        """What the client is to do, and with which request; None while it is not its turn."""
        cycle = self.cycle
        if self.transport.is_closing():
            return "leave", None
        complete = cycle is None or cycle.response_complete
        if self.flow.write_paused or (complete and self._unread):
            return "read", cycle
        if complete:
            return ("ask", cycle) if self.timeout_keep_alive_task is None else None
        return ("send", cycle) if cycle.more_body and not self.flow.read_paused else None

    def _cut_off(self, turn: Turn) -> None:
        """End it; a client whose request did not come in full is told why."""
        if turn in ("read", "leave") or (turn == "send" and self.cycle.response_started):
            self.transport.abort()
            return
        if turn == "send" or (self._heard if self.cycle is None else not self.cycle.more_body):
            self.transport.write(LATE)
        self.transport.close()


def patient_protocol(patience: Patience, arriving: Arriving) -> type[PatientProtocol]:
    """The protocol of a listener whose clients get this much; `arriving` is kept up to date."""

    class OfListener(PatientProtocol):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            task = asyncio.current_task()  # of asyncio's own loop, which makes the connection when hands are shaken
            if task is not None:
                arriving.add(task)
                task.add_done_callback(arriving.discard)

    OfListener.patience = patience
    return OfListener


def in_pieces(app: ASGIApp) -> ASGIApp:
    """`app` with its large answers sent in pieces, of which the client has to take one before it gets the next."""

    async def cut(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, _pieces(send))

    return cut


def _pieces(send: Send) -> Send:
    async def put(message: Message) -> None:
        body: bytes = message.get("body", b"")
        if len(body) <= PIECE:
            await send(message)
            return
        for start in range(0, len(body), PIECE):
            last = start + PIECE >= len(body)
            await send(_piece(message, body[start : start + PIECE], last=last))

    return put


def _piece(message: Mapping[str, Any], body: bytes, *, last: bool) -> dict[str, Any]:
    return {**message, "body": body, "more_body": message.get("more_body", False) if last else True}
