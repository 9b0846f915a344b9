"""Monitoring, `/20180401`: the metrics of `oci_emaildelivery`, counted from the event log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import parse_instant, to_iso
from sandbox.core.errors import Refusal
from sandbox.providers.oci import authorization, compartments, fields, listing, metric_query, occurrences
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20180401"
NAMESPACE = "oci_emaildelivery"
DAY = 86_400.0
KEPT = 90 * DAY
"""How long metrics are kept, in seconds."""
COUNTED: Mapping[str, tuple[str, ...]] = {
    "EmailsAccepted": ("accepted",),
    "EmailsRelayed": ("delivered", "blackholed"),
    "EmailsHardBounced": ("hard_bounced",),
    "EmailsSoftBounced": ("soft_bounced",),
    "EmailsSuppressed": ("suppressed",),
    "EmailComplaints": ("complained",),
    "EmailsBlocklist": (),
    "EmailsListUnsubscribed": ("unsubscribed",),
    "EmailsOpened": ("opened",),
    "EmailsClicked": ("clicked",),
}
"""Metric → what it counts, once for each recipient."""
_SUMMARIZE = ("namespace", "resourceGroup", "query", "startTime", "endTime", "resolution")
_LIST = ("name", "namespace", "resourceGroup", "dimensionFilters", "groupBy", "sortBy", "sortOrder")
Stream = tuple[tuple[str, str], ...]


async def summarize(exchange: Exchange) -> Response:
    """Data points of the streams that a query names; intervals in which nothing happened have none."""
    compartment = exchange.query["compartmentId"]
    await compartments.require_compartment(exchange, compartment)
    body = fields.json_object(exchange, _SUMMARIZE)
    query = _query(fields.required_text(body, "query"))
    now = exchange.account.clock.now()
    end = _moment(body, "endTime", now)
    start = _moment(body, "startTime", end - 3 * 3600)
    if not start < end:
        raise Refusal("https.400.invalid-parameter", parameter="startTime")
    if fields.required_text(body, "namespace") != NAMESPACE or query.name not in COUNTED:
        return answer([])
    points = await _points(exchange, query, max(start, now - KEPT), end)
    return answer([_metric_data(compartment, query, stream, minutes) for stream, minutes in sorted(points.items())])


async def list_metrics(exchange: Exchange) -> Response:
    """The streams that have data, by metric and dimensions."""
    compartment = exchange.query["compartmentId"]
    await compartments.require_compartment(exchange, compartment)
    body = fields.json_object(exchange, _LIST)
    name, filters = fields.optional_text(body, "name"), fields.object_of(body, "dimensionFilters")
    by = [str(one) for one in fields.list_of(body, "groupBy")]
    now = exchange.account.clock.now()
    found = {
        (metric, tuple((key, value) for key, value in _dimensions(one).items() if not by or key in by))
        for one in await occurrences.between(exchange.services, exchange.account, now - KEPT, now + 1)
        for metric, what in COUNTED.items()
        if one.what in what and name in (None, metric) and filters.items() <= _dimensions(one).items()
    }
    if fields.optional_text(body, "namespace") not in (None, NAMESPACE):
        found = set()
    shown = [
        {
            "name": metric,
            "namespace": NAMESPACE,
            "resourceGroup": None,
            "compartmentId": compartment,
            "dimensions": dict(dimensions),
        }
        for metric, dimensions in sorted(found)
    ]
    start, limit = listing.whole(exchange, "page", 0, 10**6), listing.whole(exchange, "limit", 1000, 1000)
    headers = {"opc-next-page": str(start + limit)} if start + limit < len(shown) else {}
    return answer(shown[start : start + limit], headers=headers)


async def _points(
    exchange: Exchange, query: metric_query.Query, start: float, end: float
) -> dict[Stream, dict[int, dict[int, int]]]:
    """For each stream and interval what was counted in each minute."""
    found: dict[Stream, dict[int, dict[int, int]]] = {}
    for one in await occurrences.between(exchange.services, exchange.account, start, end):
        dimensions = _dimensions(one)
        if one.what in COUNTED[query.name] and query.fits(dimensions):
            interval = int(one.at // query.interval) * query.interval
            minutes = found.setdefault(query.group(dimensions), {}).setdefault(interval, {})
            minute = int(one.at // 60)
            minutes[minute] = minutes.get(minute, 0) + 1
    return found


def _metric_data(
    compartment: str, query: metric_query.Query, stream: Stream, intervals: Mapping[int, Mapping[int, int]]
) -> dict[str, Any]:
    return {
        "namespace": NAMESPACE,
        "resourceGroup": None,
        "compartmentId": compartment,
        "name": query.name,
        "dimensions": dict(stream),
        "metadata": {"displayName": query.name, "unit": "count"},
        "resolution": None,
        "aggregatedDatapoints": [
            {"timestamp": to_iso(at), "value": query.value(minutes)} for at, minutes in sorted(intervals.items())
        ],
    }


def _dimensions(one: occurrences.Occurrence) -> dict[str, str]:
    return {"resourceDomain": one.domain, "resourceId": one.sender_id}


def _query(text: str) -> metric_query.Query:
    try:
        return metric_query.parse(text)
    except metric_query.QueryError as error:
        raise Refusal("https.400.invalid-parameter", parameter="query") from error


def _moment(body: Mapping[str, Any], name: str, otherwise: float) -> float:
    text = fields.optional_text(body, name)
    try:
        return parse_instant(text).timestamp() if text else otherwise
    except (ValueError, OverflowError) as error:
        raise Refusal("https.400.invalid-parameter", parameter=name) from error


_ACTIONS = "/metrics/actions/"
OPERATIONS = authorization.guarded(
    (
        Operation(
            name="summarizeMetricsData",
            method="POST",
            path=_ACTIONS + "summarizeMetricsData",
            call=summarize,
            required=("compartmentId",),
        ),
        Operation(
            name="listMetrics",
            method="POST",
            path=_ACTIONS + "listMetrics",
            call=list_metrics,
            required=("compartmentId",),
        ),
    )
)
