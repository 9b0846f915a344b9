"""Whether mail is still on its way: lets a test be sure that none comes, without waiting for the time to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from sandbox.core.store import SessionRecord
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.connection import while_connected
from sandbox.window.operation import Operation, Parameter
from sandbox.window.problems import json_answer

LONGEST_WAIT = 3600.0
TURNS = 5
"""Turns of the event loop in which connections that were made before the call are greeted."""


async def show(call: Call) -> Response:
    """GET /idle: answers once no conversation of the account may bring a message, or at the time-out."""
    seconds = call.seconds("timeout", 0.0, LONGEST_WAIT)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    try:
        async with asyncio.timeout(seconds):
            await while_connected(call.request, _quiet(call))
    except TimeoutError:
        pass
    sending = _sending(call, begun=True)
    await call.settle()
    return json_answer({"idle": not sending, "open": [shapes.session_summary(record) for record in sending]})


def _sending(call: Call, *, begun: bool) -> Sequence[SessionRecord]:
    return call.services.sessions.sending(call.account.id, begun=begun)


async def _quiet(call: Call) -> None:
    with call.services.sessions.watch() as stirred:
        while _sending(call, begun=False) and not call.services.stream.closed:
            stirred.clear()
            await stirred.wait()


OPERATIONS = (
    Operation(
        method="GET",
        path="/idle",
        handler=show,
        summary="Wait until no message is on its way: no transaction open, what is due done, the index settled",
        answer="Idle",
        parameters=(
            Parameter(name="timeout", about="seconds of real time to wait for it, or a duration like 2m; 0 without it"),
        ),
        also={400: "a parameter can't be understood"},
    ),
)
"""What the table of the inspection API has on quiet."""
