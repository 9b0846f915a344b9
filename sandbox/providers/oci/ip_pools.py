"""IP pools: dedicated addresses that a customer's mail leaves from, and the addresses that pools are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import Edit
from sandbox.providers.oci import compartments, fields, lifecycle, listing, lockable, managed, ocid, records, regions
from sandbox.wire.http import Exchange, Operation

DRAIN_HOURS = 24
"""How long an address that leaves a pool is drained, unless the pool says otherwise."""
MOST_HOURS = 24 * 365
IP_STATES = ("UPDATING", "ACTIVE", "FAILED", "DRAINING")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CREATE = (
    "name", "compartmentId", "outboundIps", "description", "lastIpDrainPeriodInHours", *fields.TAG_FIELDS,
)  # fmt: skip
_UPDATE = ("description", "lastIpDrainPeriodInHours", *fields.TAG_FIELDS)
_IP_FIELDS = ("outboundIp", "lifecycleState", "lifecycleDetails", "assignmentState", "timeUnassigned")
_IP = "outbound-ip"


async def _details(exchange: Exchange, row: Resource) -> Mapping[str, Any]:
    own = [_summary(one) for one in await _addresses(exchange) if one.data.get("poolId") == row.id]
    return {
        "description": row.data.get("description"),
        "lastIpDrainPeriodInHours": row.data["lastIpDrainPeriodInHours"],
        "outboundIps": own,
    }


KIND = managed.Kind(
    name="ip-pool",
    collection="/emailIpPools",
    parameter="emailIpPoolId",
    entity="emailIpPool",
    operation="IP_POOL",
    states=("CREATING", "UPDATING", "ACTIVE", "DELETING", "DELETED", "FAILED", "INACTIVE"),
    summary=("name", "compartmentId", "lifecycleState", "lifecycleDetails", "timeCreated", "timeUpdated"),
    sorts=("TIMECREATED", "NAME"),
    details=_details,
)


async def create(exchange: Exchange) -> Response:
    """A pool of addresses that are AVAILABLE; its name is unique in the region."""
    if repeated := await managed.replayed(exchange, KIND):
        return repeated
    body = fields.json_object(exchange, _CREATE)
    compartment, name = fields.required_text(body, "compartmentId"), fields.required_text(body, "name")
    await compartments.require_compartment(exchange, compartment)
    if not _NAME.fullmatch(name):
        raise Refusal("https.400.invalid-parameter", parameter="name")
    chosen = await _chosen(exchange, body)
    hours = fields.whole_number(body, "lastIpDrainPeriodInHours", 0, MOST_HOURS)
    data = {
        "name": name,
        "compartmentId": compartment,
        "lastIpDrainPeriodInHours": DRAIN_HOURS if hours is None else hours,
        **managed.common(body),
        "lifecycleState": "CREATING",
        "lifecycleDetails": "",
        **lifecycle.pending(exchange.account.clock.now() + managed.took(exchange), "ACTIVE"),
    }
    identifier = ocid.make(exchange.account.ids, "emailippool", regions.name(exchange.section.region))
    row = records.record(exchange.account, KIND.name, identifier, name, data)
    return await managed.created(exchange, KIND, row, [_assign(exchange, one, row.id) for one in chosen])


async def get(exchange: Exchange) -> Response:
    """One pool with its addresses."""
    return await managed.shown(exchange, KIND, await managed.named(exchange, KIND))


async def list_(exchange: Exchange) -> Response:
    """The pools of a compartment."""
    compartment = exchange.query["compartmentId"]
    await compartments.require_compartment(exchange, compartment)
    rows = await exchange.services.store.resources.all(exchange.account.id, "oci", KIND.name)
    return await managed.page(exchange, KIND, [row for row in rows if row.data["compartmentId"] == compartment])


async def update(exchange: Exchange) -> Response:
    """Replace description, drain period or tags that are given."""
    row = await managed.named(exchange, KIND)
    body = fields.json_object(exchange, _UPDATE)
    changes = managed.common(body)
    hours = fields.whole_number(body, "lastIpDrainPeriodInHours", 0, MOST_HOURS)
    if hours is not None:
        changes["lastIpDrainPeriodInHours"] = hours
    return await managed.changed(exchange, KIND, row, changes)


async def delete(exchange: Exchange) -> Response:
    """Delete a pool that no sender uses; its addresses are drained."""
    row = await managed.named(exchange, KIND)
    senders = await exchange.services.store.resources.all(exchange.account.id, "oci", "sender")
    if any(sender.data.get("emailIpPoolId") == row.id for sender in senders):
        raise Refusal("https.409.incorrect-state")
    managed.admit(exchange, row, row.data, deletes=True)
    own = [one for one in await _addresses(exchange) if one.data.get("poolId") == row.id]
    await exchange.services.store.resources.change_all([_drain(exchange, one, row) for one in own])
    return await managed.deleted(exchange, KIND, row)


async def change_compartment(exchange: Exchange) -> Response:
    """Move the pool to another compartment."""
    row = await managed.named(exchange, KIND)
    compartment = fields.required_text(fields.json_object(exchange, ("compartmentId",)), "compartmentId")
    await compartments.require_compartment(exchange, compartment)
    return await managed.changed(exchange, KIND, row, {"compartmentId": compartment}, verb="MOVE")


async def add_addresses(exchange: Exchange) -> Response:
    """Put addresses that are AVAILABLE into the pool."""
    row = await managed.named(exchange, KIND)
    chosen = await _chosen(exchange, fields.json_object(exchange, ("outboundIps",)))
    return await managed.changed(exchange, KIND, row, {}, [_assign(exchange, one, row.id) for one in chosen])


async def remove_addresses(exchange: Exchange) -> Response:
    """Take addresses out of the pool; they are DRAINING for the pool's drain period."""
    row = await managed.named(exchange, KIND)
    chosen = await _chosen(exchange, fields.json_object(exchange, ("outboundIps",)))
    if any(one.data.get("poolId") != row.id for one in chosen):
        raise Refusal("https.400.invalid-parameter", parameter="outboundIps")
    return await managed.changed(exchange, KIND, row, {}, [_drain(exchange, one, row) for one in chosen])


async def list_addresses(exchange: Exchange) -> Response:
    """The dedicated addresses of the tenancy."""
    await compartments.require_compartment(exchange, exchange.query["compartmentId"])
    state = listing.choice(exchange, "lifecycleState", IP_STATES)
    assignment = listing.choice(exchange, "assignmentState", ("AVAILABLE", "ASSIGNED"))
    found = [
        one
        for one in await _addresses(exchange)
        if state in (None, one.data["lifecycleState"])
        and assignment in (None, one.data["assignmentState"])
        and exchange.query.get("outboundIp") in (None, one.data["outboundIp"])
    ]
    return listing.page(exchange, found, _summary, sorts=listing.sorted_by("OUTBOUNDIP"), wrapped=True)


async def _addresses(exchange: Exchange) -> list[Resource]:
    return await exchange.services.store.resources.all(exchange.account.id, "oci", _IP)


async def _chosen(exchange: Exchange, body: Mapping[str, Any]) -> Sequence[Resource]:
    """The addresses that a body names, each once; 400 for none, or for one that is not the tenancy's."""
    wanted = fields.list_of(body, "outboundIps")
    if not wanted:
        raise Refusal("https.400.missing-parameter", parameter="outboundIps")
    known = {one.data["outboundIp"]: one for one in await _addresses(exchange)}
    if not all(isinstance(address, str) and address in known for address in wanted):
        raise Refusal("https.400.invalid-parameter", parameter="outboundIps")
    return [known[address] for address in dict.fromkeys(wanted)]


def _assign(exchange: Exchange, one: Resource, pool: str) -> Edit:
    def edit(data: dict[str, Any]) -> dict[str, Any]:
        if data["assignmentState"] != "AVAILABLE":
            raise Refusal("https.400.invalid-parameter", parameter="outboundIps")
        return {**data, "assignmentState": "ASSIGNED", "poolId": pool, "timeUnassigned": None}

    return Edit(resource=one, at=exchange.account.clock.now(), edit=edit)


def _drain(exchange: Exchange, one: Resource, pool: Resource) -> Edit:
    now = exchange.account.clock.now()
    over = now + managed.took(exchange) + pool.data["lastIpDrainPeriodInHours"] * 3600
    free = {"assignmentState": "AVAILABLE", "poolId": None, "timeUnassigned": to_iso(over)}
    fate = {"lifecycleState": "DRAINING", **lifecycle.pending(over, "ACTIVE", **free)}
    return Edit(resource=one, at=now, edit=lambda data: {**data, **fate})


def _summary(one: Resource) -> dict[str, Any]:
    return {name: one.data.get(name) for name in _IP_FIELDS}


_POOL = "/emailIpPools/{emailIpPoolId}"
OPERATIONS = (
    Operation(name="createEmailIpPool", method="POST", path="/emailIpPools", call=create),
    Operation(name="getEmailIpPool", method="GET", path=_POOL, call=get),
    Operation(name="listEmailIpPools", method="GET", path="/emailIpPools", call=list_, required=("compartmentId",)),
    Operation(name="updateEmailIpPool", method="PUT", path=_POOL, call=update),
    Operation(name="deleteEmailIpPool", method="DELETE", path=_POOL, call=delete),
    Operation(
        name="changeEmailIpPoolCompartment",
        method="POST",
        path=_POOL + "/actions/changeCompartment",
        call=change_compartment,
    ),
    Operation(name="addEmailOutboundIp", method="POST", path=_POOL + "/actions/addEmailOutboundIp", call=add_addresses),
    Operation(
        name="removeEmailOutboundIp",
        method="POST",
        path=_POOL + "/actions/removeEmailOutboundIp",
        call=remove_addresses,
    ),
    *lockable.operations(KIND, "EmailIpPoolLock"),
    Operation(
        name="listEmailOutboundIps",
        method="GET",
        path="/emailOutboundIps",
        call=list_addresses,
        required=("compartmentId",),
    ),
)
