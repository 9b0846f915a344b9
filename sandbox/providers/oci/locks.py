"""Resource locks: FULL forbids changes and deletion, DELETE forbids deletion; an override passes both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci import compartments, fields
from sandbox.wire.http import Exchange

TYPES = ("FULL", "DELETE")
_ADD = ("type", "compartmentId", "relatedResourceId", "message")
_REMOVE = ("type", "compartmentId")
MESSAGE_LENGTH = 512


def check(exchange: Exchange, data: Mapping[str, Any], *, deletes: bool = False) -> None:
    """Refuse a change that a lock forbids, unless the request overrides locks."""
    forbidding = TYPES if deletes else TYPES[:1]
    held = any(lock["type"] in forbidding for lock in data.get("locks") or ())
    if held and not override(exchange):
        raise Refusal("https.409.locked")


def override(exchange: Exchange) -> bool:
    """Whether the request passes locks; 400 InvalidParameter for anything but true and false."""
    text = exchange.query.get("isLockOverride", "false").lower()
    if text not in ("true", "false"):
        raise Refusal("https.400.invalid-parameter", parameter="isLockOverride")
    return text == "true"


async def add(exchange: Exchange, row: Resource) -> Resource:
    """Lock a resource; 409 Conflict when it has a lock of the type."""
    body = fields.json_object(exchange, _ADD)
    wanted = _type(body)
    message = fields.text(body, "message", MESSAGE_LENGTH)
    compartment = fields.optional_text(body, "compartmentId") or row.data["compartmentId"]
    await compartments.require_compartment(exchange, compartment)
    now = exchange.account.clock.now()
    lock = {
        "type": wanted,
        "compartmentId": compartment,
        "relatedResourceId": fields.optional_text(body, "relatedResourceId"),
        "message": message,
        "timeCreated": to_iso(now),
    }

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        compartments.check_match(exchange, row.id, data)
        held = data.get("locks") or []
        if any(one["type"] == wanted for one in held):
            raise Refusal("https.409.exists", resource=f"The {wanted} lock")
        return {**data, "locks": [*held, lock]}

    return await exchange.services.store.resources.change(row, now, edit)


async def remove(exchange: Exchange, row: Resource) -> Resource:
    """Take a lock of a type away; 404 when there is none."""
    wanted = _type(fields.json_object(exchange, _REMOVE))

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        compartments.check_match(exchange, row.id, data)
        held = data.get("locks") or []
        left = [one for one in held if one["type"] != wanted]
        if len(left) == len(held):
            raise Refusal(compartments.HIDDEN)
        return {**data, "locks": left}

    return await exchange.services.store.resources.change(row, exchange.account.clock.now(), edit)


def _type(body: Mapping[str, Any]) -> str:
    wanted = fields.required_text(body, "type").upper()
    if wanted not in TYPES:
        raise Refusal("https.400.invalid-parameter", parameter="type")
    return wanted
