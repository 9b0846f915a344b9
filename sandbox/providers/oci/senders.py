"""Approved senders: addresses, or whole domains, that mail may come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import addresses, compartments, fields, listing, locks, published, records, regions
from sandbox.providers.oci.edge import answer
from sandbox.providers.oci.rules import most_senders
from sandbox.wire.http import Exchange, Operation

STATES = ("CREATING", "ACTIVE", "NEEDS_ATTENTION", "INACTIVE", "FAILED", "DELETING", "DELETED", "UPDATING")
_SUMMARY = ("compartmentId", "emailAddress", "emailIpPoolId", "lifecycleState", "timeCreated")
_TAGS = ("freeformTags", "definedTags", "systemTags")


async def create(exchange: Exchange) -> Response:
    """Approve a sender. The answer says CREATING, as the service's does; it can be used from that moment on."""
    body = fields.json_object(exchange, ("compartmentId", "emailAddress", "emailIpPoolId", *fields.TAG_FIELDS))
    compartment, address = fields.required_text(body, "compartmentId"), fields.required_text(body, "emailAddress")
    await compartments.require_compartment(exchange, compartment)
    _check_address(address)
    await _check_count(exchange)
    sender = records.sender(
        exchange.account,
        compartment=compartment,
        region=regions.name(exchange.section.region),
        address=address,
        more={"emailIpPoolId": await _pool(exchange, body), **fields.tags(body)},
    )
    try:
        await exchange.services.store.resources.add(sender)
    except DuplicateKeyError as error:
        raise Refusal("https.409.exists", resource=address) from error
    whole = {**await _whole(exchange, sender), "lifecycleState": "CREATING"}
    return answer(whole, headers={"etag": compartments.etag(sender.id, sender.data)})


async def _check_count(exchange: Exchange) -> None:
    """Refuse a sender beyond what the type of account may have."""
    most = most_senders(exchange.section.limits)
    if (
        most is not None
        and len(await exchange.services.store.resources.all(exchange.account.id, "oci", "sender")) >= most
    ):
        raise Refusal("https.400.limit")


async def get(exchange: Exchange) -> Response:
    """One sender, with its entity tag."""
    return await _answer(exchange, await compartments.resource(exchange, "sender", "senderId"))


async def list_(exchange: Exchange) -> Response:
    """The senders of a compartment that fit every filter."""
    query = exchange.query
    await compartments.require_compartment(exchange, query["compartmentId"])
    wanted = {
        "compartmentId": query["compartmentId"],
        "lifecycleState": listing.choice(exchange, "lifecycleState", STATES),
        "emailIpPoolId": query.get("emailIpPoolId"),
    }
    address, domain = query.get("emailAddress"), query.get("domain")
    found = [
        sender
        for sender in await exchange.services.store.resources.all(exchange.account.id, "oci", "sender")
        if all(value is None or sender.data.get(name) == value for name, value in wanted.items())
        and (address is None or sender.key == address.lower())
        and (domain is None or sender.key.rpartition("@")[2] == domain.lower())
    ]
    return listing.page(exchange, found, _summary, total=True)


async def update(exchange: Exchange) -> Response:
    """Replace the tag sets and the IP pool that are given; what is not given stays."""
    sender = await compartments.resource(exchange, "sender", "senderId")
    body = fields.json_object(exchange, ("emailIpPoolId", *fields.TAG_FIELDS))
    changes = fields.tags(body)
    if "emailIpPoolId" in body:
        changes["emailIpPoolId"] = await _pool(exchange, body)
    return await _answer(exchange, await _change(exchange, sender, changes))


async def delete(exchange: Exchange) -> Response:
    """Withdraw the approval."""
    sender = await compartments.resource(exchange, "sender", "senderId")
    compartments.check_match(exchange, sender.id, sender.data)
    locks.check(exchange, sender.data, deletes=True)
    await exchange.services.store.resources.remove(sender)
    return answer(None, 204)


async def change_compartment(exchange: Exchange) -> Response:
    """Move the sender to another compartment of the account."""
    sender = await compartments.resource(exchange, "sender", "senderId")
    compartment = fields.required_text(fields.json_object(exchange, ("compartmentId",)), "compartmentId")
    await compartments.require_compartment(exchange, compartment)
    await _change(exchange, sender, {"compartmentId": compartment})
    return answer(None)


async def _change(exchange: Exchange, sender: Resource, changes: Mapping[str, Any]) -> Resource:
    def edit(data: dict[str, Any]) -> dict[str, Any]:
        compartments.check_match(exchange, sender.id, data)
        locks.check(exchange, data)
        return {**data, **changes}

    return await exchange.services.store.resources.change(sender, exchange.account.clock.now(), edit)


async def add_lock(exchange: Exchange) -> Response:
    """Lock the sender against changes, or against deletion only."""
    return await _answer(exchange, await locks.add(exchange, await _named(exchange)))


async def remove_lock(exchange: Exchange) -> Response:
    """Take a lock away."""
    return await _answer(exchange, await locks.remove(exchange, await _named(exchange)))


async def _named(exchange: Exchange) -> Resource:
    return await compartments.resource(exchange, "sender", "senderId")


async def _pool(exchange: Exchange, body: Mapping[str, Any]) -> str | None:
    """The IP pool that a body names; 400 RelatedResourceNotAuthorizedOrNotFound when there is none."""
    pool = fields.optional_text(body, "emailIpPoolId") or None
    if pool and await exchange.services.store.resources.get(exchange.account.id, "oci", "ip-pool", pool) is None:
        raise Refusal("https.400.related-resource")
    return pool


def _check_address(address: str) -> None:
    domain = address.removeprefix("@")
    good = addresses.valid(address) if domain == address else addresses.valid_domain(domain)
    if not good:
        raise Refusal(Condition.INVALID_ADDRESS, address=address[:320])


async def _answer(exchange: Exchange, sender: Resource) -> Response:
    return answer(await _whole(exchange, sender), headers={"etag": compartments.etag(sender.id, sender.data)})


def _summary(sender: Resource) -> dict[str, Any]:
    known = {name: sender.data.get(name) for name in _SUMMARY}
    return {
        **known,
        "id": sender.id,
        **{name: sender.data.get(name) or {} for name in _TAGS},
        "locks": sender.data.get("locks") or [],
    }


async def _whole(exchange: Exchange, sender: Resource) -> dict[str, Any]:
    """Everything of a sender: also its email domain, and whether that domain's SPF record names the service."""
    name = sender.key.rpartition("@")[2]
    domain = await exchange.services.store.resources.find(exchange.account.id, "oci", "email-domain", name)
    is_spf = await published.is_spf(exchange.services, exchange.account, name)
    return {**_summary(sender), "isSpf": is_spf, "emailDomainId": domain.id if domain else None}


OPERATIONS = (
    Operation(name="createSender", method="POST", path="/senders", call=create),
    Operation(name="getSender", method="GET", path="/senders/{senderId}", call=get),
    Operation(name="listSenders", method="GET", path="/senders", call=list_, required=("compartmentId",)),
    Operation(name="updateSender", method="PUT", path="/senders/{senderId}", call=update),
    Operation(name="deleteSender", method="DELETE", path="/senders/{senderId}", call=delete),
    Operation(
        name="changeSenderCompartment",
        method="POST",
        path="/senders/{senderId}/actions/changeCompartment",
        call=change_compartment,
    ),
    Operation(name="addSenderLock", method="POST", path="/senders/{senderId}/actions/addLock", call=add_lock),
    Operation(name="removeSenderLock", method="POST", path="/senders/{senderId}/actions/removeLock", call=remove_lock),
)
