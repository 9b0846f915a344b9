"""The event log, and the same live as server-sent events: resumed by id, without a gap and without a repetition."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.core.events import NOT_LOGGED, Subscription
from sandbox.core.model import Event
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.connection import while_connected
from sandbox.window.problems import GUARDED, Problem, json_answer

Put = Callable[[bytes], Awaitable[None]]
PAGE = 200
LONGEST_PAGE = 1000
HEARTBEAT_SECONDS = 15.0
"""Silence after which a comment shows that the stream is alive."""
RETRY_MILLISECONDS = 1000
REPLAY = 500
"""Events read from the log in one go while a listener catches up."""


async def show_list(call: Call) -> Response:
    """GET /events: what was committed after the event `since`, oldest first."""
    since = call.number("since", 0, 0, 2**53)
    limit = call.number("limit", PAGE, 1, LONGEST_PAGE)
    await call.settle()
    found = await call.services.store.events.since(call.account.id, since, types=call.words("type"), limit=limit + 1)
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    return json_answer({"items": [shapes.event(one) for one in shown], "next": following})


async def stream(call: Call) -> Response:
    """GET /stream: `Last-Event-ID` (or `since`) resumes after that event; without it, only what is new comes."""
    resume = call.request.headers.get("last-event-id") or call.text("since")
    if resume and not (resume.isascii() and resume.isdigit() and len(resume) <= 16):
        raise Problem(400, "bad-last-event-id", "Last-Event-ID is the id of an event: a whole number")
    if call.request.method == "HEAD":
        return Response(headers=dict(_HEADERS))
    after = await _start(call, int(resume)) if resume else None
    return _Stream(call, after)


async def _start(call: Call, wanted: int) -> int:
    """The id to go on after: the wanted one, or 0 when the log never reached it and so is not the one it is from."""
    return wanted if wanted <= await call.services.store.events.last_id() else 0


_HEADERS = {
    **GUARDED,
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


class _Stream(Response):
    """The body of the stream: written until the client leaves, falls too far behind, or the sandbox stops."""

    def __init__(self, call: Call, after: int | None) -> None:
        super().__init__(headers=_HEADERS)
        self._call = call
        self._after = after
        self._types = call.words("type")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - of ASGI
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._raw_headers()})
        try:
            await while_connected(self._call.request, self._write(send))
        except Problem:  # the client left: there is nobody to tell
            return

    def _raw_headers(self) -> list[tuple[bytes, bytes]]:
        return [(name, value) for name, value in self.raw_headers if name != b"content-length"]

    async def _write(self, send: Send) -> None:
        async def put(octets: bytes) -> None:
            await send({"type": "http.response.body", "body": octets, "more_body": True})

        stream = self._call.services.stream
        with stream.subscribe(self._call.account.id) as subscription:
            await put(f"retry: {RETRY_MILLISECONDS}\n\n".encode())
            sent = 0 if self._after is None else await self._catch_up(self._after, put)
            await self._follow(subscription, sent, put)
            if not stream.closed:
                await put(b'event: dropped\ndata: {"reason": "too far behind: reconnect with Last-Event-ID"}\n\n')
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _catch_up(self, after: int, put: Put) -> int:
        """Send what the log has after an event, until its end; returns the id of the last one."""
        events = self._call.services.store.events
        while found := await events.since(self._call.account.id, after, types=self._types, limit=REPLAY):
            await put(_wire(found))
            after = found[-1].id
        return after

    def _wants(self, one: Event) -> bool:
        return not self._types or one.type in self._types

    async def _follow(self, subscription: Subscription, sent: int, put: Put) -> None:
        """Send what is committed from now on, but nothing up to `sent`; ends when the listener is dropped."""
        while True:
            events = await subscription.take(HEARTBEAT_SECONDS)
            if not events and subscription.dropped:
                return
            fresh = [one for one in events if (one.id > sent or one.id == NOT_LOGGED) and self._wants(one)]
            if fresh or not events:
                await put(_wire(fresh) or b": still here\n\n")


def _wire(events: Sequence[Event]) -> bytes:
    """Events in the format of the HTML standard: the id to resume after, and one line of JSON."""
    return "".join(map(_event, events)).encode()


def _event(one: Event) -> str:
    number = "" if one.id == NOT_LOGGED else f"id: {one.id}\n"
    return f"{number}data: {json.dumps(shapes.event(one), separators=(',', ':'))}\n\n"
