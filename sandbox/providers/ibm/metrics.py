"""Metrics: what became of an instance's mail, in figures and bounce by bounce, and the status of one message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import parse_instant, to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import MessageRecord, Outcome
from sandbox.providers.ibm import fields
from sandbox.providers.ibm.answers import answer
from sandbox.providers.ibm.occurrences import COUNTED, Filter, Occurrence, matching
from sandbox.wire.http import Exchange, Operation

HOUR, DAY = 3600, 86_400
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z")
_STATUS: dict[Outcome, tuple[str, int]] = {
    Outcome.QUEUED: ("submitted", 202),
    Outcome.DEFERRED: ("deferred", 202),
    Outcome.DELIVERED: ("success", 200),
    Outcome.BLACKHOLED: ("success", 200),
    Outcome.SUPPRESSED: ("failed", 400),
    Outcome.REJECTED: ("failed", 400),
    Outcome.HARD_BOUNCED: ("bounced", 400),
    Outcome.SOFT_BOUNCED: ("bounced", 400),
}
"""Outcome → the status that a message is said to have and its code, the least fortunate recipient's last."""


async def figures(exchange: Exchange) -> Response:
    """GET …/metrics: how many recipients there were of each kind, in hours for a day, else in days."""
    wanted = _filter(exchange)
    found = await matching(exchange.services, exchange.account, wanted)
    width = HOUR if wanted.end - wanted.start <= DAY + 1 else DAY
    return answer({"metrics": [_metric(key, found, width) for key in dict.fromkeys(COUNTED.values())]})


def _metric(key: str, found: Sequence[Occurrence], width: int) -> dict[str, Any]:
    counted = Counter(int(one.at // width) * width for one in found if one.key == key)
    buckets = [{"doc_count": count, "key_as_string": to_iso(start)} for start, count in sorted(counted.items())]
    return {"key": key, "doc_count": counted.total(), "histogram": {"buckets": buckets}}


async def bounces(exchange: Exchange) -> Response:
    """GET …/metrics/bounce: every bounce with its reason, the newest first."""
    limit = fields.whole(exchange, "limit", fields.LIMIT, 1, fields.MOST)
    offset = fields.whole(exchange, "offset", 0, 0, 1_000_000)
    found = await matching(exchange.services, exchange.account, _filter(exchange))
    bounced = [one for one in reversed(found) if one.key == "bounced"]
    shown = [_bounce(one) for one in bounced[offset : offset + limit]]
    return answer({"metrics": shown, "total_count": len(bounced), "offset": offset, "limit": limit})


def _bounce(one: Occurrence) -> dict[str, Any]:
    return {
        "email_address": one.recipient,
        "subject": one.message.subject,
        "error_message": one.detail,
        "ip_address": one.message.envelope.client.rpartition(":")[0].strip("[]"),
        "timestamp": to_iso(one.at),
    }


def _filter(exchange: Exchange) -> Filter:
    if not exchange.query.get("smtp_config_id") and not exchange.query.get("destination_type"):
        raise Refusal("https.400.missing", parameter="smtp_config_id")
    if exchange.query.get("destination_type"):  # mail of destinations, of which the sandbox has none
        start = end = 0.0
    else:
        start, end = _moment(exchange, "gte"), _moment(exchange, "lte") + 1
    names = {"config": "smtp_config_id", "recipient": "email_to", "queue_id": "notification_id", "subject": "subject"}
    return Filter(start=start, end=end, **{own: exchange.query.get(name, "") for own, name in names.items()})


def _moment(exchange: Exchange, name: str) -> float:
    value = exchange.query[name]
    try:
        if len(value) <= 28 and _MOMENT.fullmatch(value):
            return parse_instant(value).timestamp()
    except ValueError:
        pass
    raise Refusal("https.400.invalid", parameter=name)


async def status(exchange: Exchange) -> Response:
    """GET …/notifications/{id}: what became of the message with a queue id."""
    wanted = exchange.parameters["id"]
    message = await exchange.services.store.messages.by_envelope(exchange.account.id, "ibm", wanted)
    if message is None:
        raise Refusal("https.404.not-found", resource=f"The notification {wanted[:64]}")
    return answer(_told(message))


def _told(message: MessageRecord) -> dict[str, Any]:
    order = list(_STATUS)
    worst = max(message.recipients, key=lambda one: order.index(one.outcome))
    told, code = _STATUS[worst.outcome]
    lines = [f"{one.address}: {one.detail or _STATUS[one.outcome][0]}" for one in message.recipients]
    return {"status": told, "details": {"status_code": code, "status_message": "; ".join(lines)}}


OPERATIONS = (
    Operation(name="getMetrics", method="GET", path="/{instance_id}/metrics", call=figures, required=("gte", "lte")),
    Operation(
        name="getBounceMetrics",
        method="GET",
        path="/{instance_id}/metrics/bounce",
        call=bounces,
        required=("gte", "lte"),
    ),
    Operation(name="getNotificationsStatus", method="GET", path="/{instance_id}/notifications/{id}", call=status),
)
