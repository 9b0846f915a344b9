"""How much happened when: the event log counted by type in equal steps of time, for charts and checks."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.window.call import Call
from sandbox.window.operation import Operation, Parameter
from sandbox.window.problems import json_answer

HOUR = 3600.0
LONGEST = 366 * 86_400.0
STEPS = 60
MOST_STEPS = 500


async def show(call: Call) -> Response:
    """GET /activity: the last `span` of the account's time, in `steps` parts, oldest first."""
    span = max(1.0, call.seconds("span", HOUR, LONGEST))
    steps = call.number("steps", STEPS, 1, MOST_STEPS)
    await call.settle()
    width = span / steps
    since = call.now - span
    items: list[dict[str, Any]] = [{"at": to_iso(since + step * width), "counts": {}} for step in range(steps)]
    for step, kind, number in await call.services.store.events.counts(call.account.id, since, width):
        counts = items[min(step, steps - 1)]["counts"]
        counts[kind] = counts.get(kind, 0) + number
    return json_answer({"since": to_iso(since), "until": to_iso(since + span), "seconds": width, "items": items})


OPERATIONS = (
    Operation(
        method="GET",
        path="/activity",
        handler=show,
        summary="Events counted by type in equal steps of time",
        answer="Activity",
        parameters=(
            Parameter(name="span", about="how far back, such as 15m or 24h; an hour without it"),
            Parameter(
                name="steps",
                about="into how many parts",
                schema={"type": "integer", "minimum": 1, "maximum": MOST_STEPS, "default": STEPS},
            ),
        ),
        also={400: "a parameter can't be understood"},
    ),
)
"""What the table of the inspection API has on activity."""
