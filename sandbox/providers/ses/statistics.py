"""GetSendStatistics: attempts, bounces, complaints and rejects in quarters of an hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.counting import occurrences

QUARTER = 900.0
"""Seconds of a data point."""
FORTNIGHT = 14 * 86_400.0
_COUNTED: Mapping[str, str] = {"SEND": "DeliveryAttempts", "BOUNCE": "Bounces", "COMPLAINT": "Complaints"}


async def get_send_statistics(call: Call) -> Mapping[str, Any]:
    """The last two weeks; quarters in which nothing happened are left out."""
    points: dict[float, dict[str, Any]] = {}
    for one in await occurrences(call.services, call.account, call.now - FORTNIGHT, call.now + 1):
        name = _COUNTED.get(one.kind)
        if name is not None:
            start = one.at // QUARTER * QUARTER
            points.setdefault(start, _empty(start))[name] += 1
    return {"SendDataPoints": [points[start] for start in sorted(points)]}


def _empty(start: float) -> dict[str, Any]:
    return {"Timestamp": start, "DeliveryAttempts": 0, "Bounces": 0, "Complaints": 0, "Rejects": 0}


V1: Mapping[str, Handler] = {"GetSendStatistics": get_send_statistics}
