"""`opc-retry-token`: a request that is repeated with its token within a day is carried out once."""

from __future__ import annotations

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci import lifecycle, records
from sandbox.wire.http import Exchange

KIND = "retry-token"
LIFETIME = 86_400.0
"""Seconds that a token is remembered."""
LENGTH = 64


def row(exchange: Exchange, made: Resource, work_request: str = "") -> list[Resource]:
    """What to store together with what the request made; nothing without a token."""
    key = _key(exchange)
    if key is None:
        return []
    data = {
        "madeKind": made.kind,
        "made": made.id,
        "workRequest": work_request,
        **lifecycle.pending(exchange.account.clock.now() + LIFETIME, lifecycle.GONE),
    }
    return [records.record(exchange.account, KIND, key, key, data)]


async def earlier(exchange: Exchange) -> tuple[Resource, str] | None:
    """What an earlier request with this token made, as it is now, and its work request; None for a fresh token.

    409 InvalidatedRetryToken when what it made is gone.
    """
    key = _key(exchange)
    resources = exchange.services.store.resources
    known = await resources.find(exchange.account.id, "oci", KIND, key) if key else None
    if known is None:
        return None
    made = await resources.get(exchange.account.id, "oci", known.data["madeKind"], known.data["made"])
    if made is None:
        raise Refusal("https.409.retry-token")
    return made, known.data["workRequest"]


def _key(exchange: Exchange) -> str | None:
    token = exchange.headers.get("opc-retry-token")
    if not token:
        return None
    if len(token) > LENGTH:
        raise Refusal("https.400.invalid-parameter", parameter="opc-retry-token")
    return f"{exchange.user}/{exchange.method} {exchange.path}/{token}"
