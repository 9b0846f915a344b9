"""Forced errors and disturbances of an account: armed, listed, disarmed."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.core.chaos import read_disturbance
from sandbox.core.errors import NotFoundError
from sandbox.core.faults import MATCHABLE, make_fault
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.errors import find_entry
from sandbox.window.problems import Problem, json_answer

ARMED = 1000
"""Faults that an account may have at once; each is looked at in every stage."""
PATTERN_LENGTH = 1000


async def show_list(call: Call) -> Response:
    """GET /faults, in the order in which they are tried."""
    found = [shapes.fault(one) for one in call.account.faults.all()]
    return json_answer({"items": found, "next": None, "total": len(found)})


async def add(call: Call) -> Response:
    """POST /faults."""
    wish = await call.json()
    _check(wish)
    if len(call.account.faults.all()) >= ARMED:
        raise Problem(409, "too-many-faults", f"{ARMED} faults are armed; DELETE /sandbox/v1/faults clears them")
    try:
        effect = read_disturbance(wish) if wish.get("action") else find_entry(call.services, wish["error"])
        fault = make_fault(call.account.ids.alphanumeric(12), effect, wish)
    except (ValueError, OverflowError) as error:
        raise Problem(400, "bad-fault", str(error)) from error
    call.account.faults.add(fault)
    return json_answer(shapes.fault(fault), 201)


def _check(wish: dict[str, Any]) -> None:
    """The types of what the core then judges by value."""
    if wish.get("action") and wish.get("error"):
        raise Problem(400, "bad-fault", "name an error or an action; a fault is one of them")
    if not wish.get("action") and not isinstance(wish.get("error"), str):
        raise Problem(400, "bad-fault", "error is the id of a catalog entry; GET /sandbox/v1/errors lists them")
    if not isinstance(wish.get("stage"), str | None):
        raise Problem(400, "bad-fault", "stage is one of the entry's stages")
    match = wish.get("match")
    if not isinstance(match, dict | None):
        raise Problem(400, "bad-fault", f"match is an object with any of {', '.join(MATCHABLE)}")
    for name, pattern in (match or {}).items():
        if not isinstance(pattern, str | None) or len(pattern or "") > PATTERN_LENGTH:
            raise Problem(400, "bad-fault", f"match.{name[:40]} is text of at most {PATTERN_LENGTH} characters")


async def clear(call: Call) -> Response:
    """DELETE /faults."""
    removed = len(call.account.faults.all())
    call.account.faults.clear()
    return json_answer({"removed": removed})


async def remove(call: Call) -> Response:
    """DELETE /faults/{id}."""
    if not call.account.faults.remove(call.path("id")):
        raise NotFoundError(f"there is no fault {call.path('id')[:80]!r}")
    return json_answer({"removed": 1})
