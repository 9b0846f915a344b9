"""What export jobs write: rows of metrics or of messages, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.core.clock import to_iso
from sandbox.providers.ses import counting, metrics
from sandbox.providers.ses.call import Call
from sandbox.providers.ses.counting import Messages, Occurrence

DELIVERY_EVENTS: Mapping[str, str] = {
    "SEND": "SEND",
    "DELIVERY": "DELIVERY",
    "COMPLAINT": "COMPLAINT",
}
MOST = 10_000
"""Rows of one export."""

Row = Mapping[str, Any]


def written(rows: Sequence[Row], data_format: str) -> str:
    """The rows as a file: CSV with a line of names, or one JSON object a line."""
    if data_format == "JSON":
        return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows)
    out = io.StringIO()
    names = list(rows[0]) if rows else []
    table = csv.DictWriter(out, names, lineterminator="\n")
    if names:
        table.writeheader()
    table.writerows(rows)
    return out.getvalue()


async def of_metrics(call: Call, source: Mapping[str, Any]) -> list[Row]:
    """One row for each metric and day; a rate is the share of what was sent."""
    start, end = metrics.span(call, source["StartDate"], source["EndDate"])
    dimensions: Mapping[str, Sequence[str]] = source["Dimensions"]
    sent = await metrics.counts(call, "SEND", dimensions, start, end)
    rows: list[Row] = []
    for wish in source["Metrics"]:
        name, aggregation = wish.get("Name", "SEND"), wish.get("Aggregation", "VOLUME")
        for day, count in (await metrics.counts(call, name, dimensions, start, end)).items():
            share = count / sent[day] if sent[day] else 0.0
            value = count if aggregation == "VOLUME" else round(share, 6)
            rows.append({"Date": to_iso(day)[:10], "Metric": name, "Aggregation": aggregation, "Value": value})
    return rows


async def of_messages(call: Call, source: Mapping[str, Any]) -> list[Row]:
    """One row for each message and recipient, the newest first."""
    messages = Messages(call.services, call.account)
    found: dict[tuple[str, str], list[Occurrence]] = {}
    end = source["EndDate"] + metrics.DAY
    for one in await counting.occurrences(call.services, call.account, source["StartDate"], end):
        found.setdefault((one.message, one.recipient), []).append(one)
    rows = []
    for (message, recipient), happened in reversed(found.items()):
        row = _row(await messages.about(message), recipient, happened)
        if _wanted(row, source):
            rows.append(row)
        if len(rows) >= source.get("MaxResults", MOST):
            break
    return rows


def _row(about: Mapping[str, Any], recipient: str, happened: Sequence[Occurrence]) -> Row:
    return {
        "MessageId": about.get("envelope_id", ""),
        "SendTime": to_iso(about.get("accepted", happened[0].at)),
        "FromEmailAddress": about.get("from", ""),
        "Destination": recipient,
        "Subject": about.get("subject", ""),
        "Isp": counting.isp(recipient),
        "TenantName": about.get("tenant") or "",
        "LastDeliveryEvent": _last(happened, _delivery_event),
        "LastEngagementEvent": _last(happened, lambda one: one.kind if one.kind in ("OPEN", "CLICK") else ""),
    }


def _last(happened: Iterable[Occurrence], word: Any) -> str:
    return next((said for one in reversed(list(happened)) if (said := str(word(one)))), "")


def _delivery_event(one: Occurrence) -> str:
    if one.bounce is not None:
        return f"{one.bounce.type.upper()}_BOUNCE"
    return DELIVERY_EVENTS.get(one.kind, "")


def _wanted(row: Row, source: Mapping[str, Any]) -> bool:
    include, exclude = source.get("Include", {}), source.get("Exclude", {})
    return all(_fits(row, name, values) for name, values in include.items()) and not any(
        _fits(row, name, values) for name, values in exclude.items()
    )


def _fits(row: Row, name: str, values: Sequence[str]) -> bool:
    """Whether a row has one of the values; a subject needs only to contain it, a `*` begins or ends anything."""
    has = str(row[name]).lower()
    return any(_matches(has, value.lower(), inside=name == "Subject") for value in values)


def _matches(has: str, value: str, *, inside: bool) -> bool:
    if value.startswith("*"):
        return has.endswith(value[1:])
    if value.endswith("*"):
        return has.startswith(value[:-1])
    return value in has if inside else has == value or f"<{value}>" in has
