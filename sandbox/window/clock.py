"""The account's clock: read, moved forward, set, returned to real time."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.core.clock import parse_duration, parse_instant
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.problems import Problem, json_answer

EARLIEST = 0.0
LATEST = 32_503_680_000.0
"""The year 3000: far enough, and every date format still works."""


async def show(call: Call) -> Response:
    """GET /clock."""
    return json_answer(shapes.clock(call.account))


async def move(call: Call) -> Response:
    """POST /clock with one of `advance`, `set`, `reset`."""
    wish = await call.json()
    if len(wish) != 1:
        raise Problem(400, "bad-clock", "give one of advance, set, reset")
    ((what, value),) = wish.items()
    await {"advance": _advance, "set": _set, "reset": _reset}[what](call, value)
    return json_answer(shapes.clock(call.account))


async def _advance(call: Call, value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number and not isinstance(value, str):
        raise Problem(400, "bad-clock", "advance is a duration like 90s, 24h or 1d12h, or a number of seconds")
    if number and value < 0:
        raise Problem(400, "bad-clock", "the clock only moves forward; use set or reset to go back")
    try:
        seconds = float(value) if number else parse_duration(value).total_seconds()
    except (ValueError, OverflowError) as error:
        raise Problem(400, "bad-clock", str(error)[:200]) from error
    _within(call.now + seconds)
    await call.controls.advance(call.account, seconds)


async def _set(call: Call, value: Any) -> None:
    if not isinstance(value, str):
        raise Problem(400, "bad-clock", "set is a time like 2026-01-31T12:00:00Z")
    try:
        moment = parse_instant(value).timestamp()
    except (ValueError, OverflowError) as error:
        raise Problem(400, "bad-clock", str(error)[:200]) from error
    _within(moment)
    await call.controls.set_clock(call.account, moment)


async def _reset(call: Call, value: Any) -> None:
    if value is not True:
        raise Problem(400, "bad-clock", "reset is true")
    await call.controls.reset_clock(call.account)


def _within(moment: float) -> None:
    if not EARLIEST <= moment < LATEST:
        raise Problem(400, "bad-clock", "the clock goes from 1970 to 2999")
