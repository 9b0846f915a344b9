"""Metrics of the Virtual Deliverability Manager: daily counts, for all mail or for one dimension of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses import counting
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.counting import Messages, Occurrence

DAY = 86_400.0
DAYS = 61
"""Days back that data is kept."""
_TESTS: Mapping[str, Callable[[Occurrence], bool]] = {
    "SEND": lambda one: one.kind == "SEND",
    "DELIVERY": lambda one: one.kind == "DELIVERY",
    "DELIVERY_OPEN": lambda one: one.kind == "OPEN",
    "DELIVERY_CLICK": lambda one: one.kind == "CLICK",
    "DELIVERY_COMPLAINT": lambda one: one.kind == "COMPLAINT",
    "OPEN": lambda one: one.kind == "OPEN",
    "CLICK": lambda one: one.kind == "CLICK",
    "COMPLAINT": lambda one: one.kind == "COMPLAINT",
    "PERMANENT_BOUNCE": lambda one: one.bounce is not None and one.bounce.type == "Permanent",
    "TRANSIENT_BOUNCE": lambda one: one.bounce is not None and one.bounce.type == "Transient",
}


async def batch_get_metric_data(call: Call) -> Mapping[str, Any]:
    """Each query's days and counts; the days on which nothing happened count none."""
    results = []
    for query in call.input["Queries"]:
        start, end = span(call, query["StartDate"], query["EndDate"])
        days = await counts(call, query["Metric"], query.get("Dimensions", {}), start, end)
        results.append({"Id": query["Id"], "Timestamps": list(days), "Values": list(days.values())})
    return {"Results": results, "Errors": []}


def span(call: Call, start: float, end: float) -> tuple[float, float]:
    """The days that two moments bound; refuses what is too long or the wrong way round."""
    first, last = start // DAY * DAY, end // DAY * DAY
    if last < first or last - first > DAYS * DAY or first > call.now:
        raise Refusal("api.BadRequestException.dates", limit=DAYS)
    return first, last


async def counts(
    call: Call, metric: str, dimensions: Mapping[str, str | Sequence[str]], start: float, end: float
) -> dict[float, int]:
    """Count by day, from the day of `start` to that of `end`, both included."""
    test, messages, found = _TESTS[metric], Messages(call.services, call.account), Counter[float]()
    for one in await counting.occurrences(call.services, call.account, start, end + DAY):
        if test(one) and await fits(one, dimensions, messages):
            found[one.at // DAY * DAY] += 1
    days = int((end - start) // DAY) + 1
    return {start + number * DAY: found[start + number * DAY] for number in range(days)}


async def fits(one: Occurrence, dimensions: Mapping[str, str | Sequence[str]], messages: Messages) -> bool:
    """Whether an occurrence belongs to every dimension that is asked for."""
    for name, wish in dimensions.items():
        wanted = [wish] if isinstance(wish, str) else list(wish)
        if not any([await _belongs(one, name, value, messages) for value in wanted]):
            return False
    return True


async def _belongs(one: Occurrence, dimension: str, value: str, messages: Messages) -> bool:
    if dimension == "ISP":
        return one.isp.lower() == value.lower()
    about = await messages.about(one.message)
    if dimension == "CONFIGURATION_SET":
        return about.get("configuration_set") == value
    if dimension == "TENANT_NAME":
        return about.get("tenant") == value
    sender = str(about.get("sender", "")).lower()
    return value.lower() in (sender, sender.rpartition("@")[2])


V2: Mapping[str, Handler] = {"BatchGetMetricData": batch_get_metric_data}
