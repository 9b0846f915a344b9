"""The suppression list: addresses that nothing is sent to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import parse_instant
from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import addresses, compartments, fields, listing, records
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

_SUMMARY = ("compartmentId", "emailAddress", "reason", "timeCreated")
_MORE = ("timeLastSuppressed", "messageId", "errorDetail", "errorSource")


async def create(exchange: Exchange) -> Response:
    """Suppress an address by hand; it is kept in lower case."""
    body = fields.json_object(exchange, ("compartmentId", "emailAddress"))
    compartment, address = fields.required_text(body, "compartmentId"), fields.required_text(body, "emailAddress")
    identity = await compartments.identity(exchange)
    compartments.require_tenancy(exchange, identity, compartment)
    if not addresses.valid(address):
        raise Refusal(Condition.INVALID_ADDRESS, address=address[:320])
    row = records.suppression(exchange.account, tenancy=identity.tenancy, address=address)
    try:
        await exchange.services.store.resources.add(row)
    except DuplicateKeyError as error:
        raise Refusal("https.409.exists", resource=row.key) from error
    return answer(_whole(row))


async def get(exchange: Exchange) -> Response:
    """One entry, with what caused it."""
    return answer(_whole(await compartments.resource(exchange, "suppression", "suppressionId")))


async def list_(exchange: Exchange) -> Response:
    """The entries that fit every filter; the compartment must be the tenancy."""
    identity = await compartments.identity(exchange)
    compartments.require_tenancy(exchange, identity, exchange.query["compartmentId"])
    address = exchange.query.get("emailAddress")
    since, before = _moment(exchange, "timeCreatedGreaterThanOrEqualTo"), _moment(exchange, "timeCreatedLessThan")
    found = [
        row
        for row in await exchange.services.store.resources.all(exchange.account.id, "oci", "suppression")
        if (address is None or row.key == address.lower())
        and (since is None or _created(row) >= since)
        and (before is None or _created(row) < before)
    ]
    return listing.page(exchange, found, _summary)


async def delete(exchange: Exchange) -> Response:
    """Take an address off the list."""
    row = await compartments.resource(exchange, "suppression", "suppressionId")
    await exchange.services.store.resources.remove(row)
    return answer(None, 204)


def _moment(exchange: Exchange, name: str) -> datetime | None:
    text = exchange.query.get(name)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Refusal("https.400.invalid-parameter", parameter=name) from error


def _created(row: Resource) -> datetime:
    """The time of creation as clients see it, in whole milliseconds."""
    return datetime.fromtimestamp(int(row.created * 1000) / 1000, UTC)


def _summary(row: Resource) -> dict[str, Any]:
    return {"id": row.id, **{name: row.data.get(name) for name in _SUMMARY}}


def _whole(row: Resource) -> dict[str, Any]:
    return {**_summary(row), **{name: row.data.get(name) for name in _MORE}}


OPERATIONS = (
    Operation(name="createSuppression", method="POST", path="/suppressions", call=create),
    Operation(name="getSuppression", method="GET", path="/suppressions/{suppressionId}", call=get),
    Operation(name="listSuppressions", method="GET", path="/suppressions", call=list_, required=("compartmentId",)),
    Operation(name="deleteSuppression", method="DELETE", path="/suppressions/{suppressionId}", call=delete),
)
