"""Approved senders: addresses, or whole domains, that mail may come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import addresses, compartments, fields, listing, records, regions
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

STATES = ("CREATING", "ACTIVE", "NEEDS_ATTENTION", "INACTIVE", "FAILED", "DELETING", "DELETED", "UPDATING")
_SUMMARY = ("compartmentId", "emailAddress", "emailIpPoolId", "lifecycleState", "timeCreated")
_TAGS = ("freeformTags", "definedTags", "systemTags")


async def create(exchange: Exchange) -> Response:
    """Approve a sender. The answer says CREATING, as the service's does; it can be used from that moment on."""
    body = fields.json_object(exchange)
    compartment, address = fields.required_text(body, "compartmentId"), fields.required_text(body, "emailAddress")
    await compartments.require_compartment(exchange, compartment)
    _check_address(address)
    sender = records.sender(
        exchange.account,
        compartment=compartment,
        region=regions.name(exchange.section.region),
        address=address,
        more={"emailIpPoolId": fields.optional_text(body, "emailIpPoolId"), **fields.tags(body)},
    )
    try:
        await exchange.services.store.resources.add(sender)
    except DuplicateKeyError as error:
        raise Refusal("https.409.exists", resource=address) from error
    return answer({**_whole(sender), "lifecycleState": "CREATING"}, headers={"etag": compartments.etag(sender)})


async def get(exchange: Exchange) -> Response:
    """One sender, with its entity tag."""
    return _answer(await compartments.resource(exchange, "sender", "senderId"))


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
    body = fields.json_object(exchange)
    changes = fields.tags(body)
    if "emailIpPoolId" in body:
        changes["emailIpPoolId"] = fields.optional_text(body, "emailIpPoolId")
    compartments.check_match(exchange, sender)
    return _answer(await _change(exchange, sender, changes))


async def delete(exchange: Exchange) -> Response:
    """Withdraw the approval."""
    sender = await compartments.resource(exchange, "sender", "senderId")
    compartments.check_match(exchange, sender)
    await exchange.services.store.resources.remove(sender)
    return answer(None, 204)


async def change_compartment(exchange: Exchange) -> Response:
    """Move the sender to another compartment of the account."""
    sender = await compartments.resource(exchange, "sender", "senderId")
    compartment = fields.required_text(fields.json_object(exchange), "compartmentId")
    await compartments.require_compartment(exchange, compartment)
    compartments.check_match(exchange, sender)
    await _change(exchange, sender, {"compartmentId": compartment})
    return answer(None)


async def _change(exchange: Exchange, sender: Resource, changes: Mapping[str, Any]) -> Resource:
    now = exchange.account.clock.now()
    return await exchange.services.store.resources.change(sender, now, lambda data: {**data, **changes})


def _check_address(address: str) -> None:
    domain = address.removeprefix("@")
    good = addresses.valid(address) if domain == address else addresses.valid_domain(domain)
    if not good:
        raise Refusal(Condition.INVALID_ADDRESS, address=address[:320])


def _answer(sender: Resource) -> Response:
    return answer(_whole(sender), headers={"etag": compartments.etag(sender)})


def _summary(sender: Resource) -> dict[str, Any]:
    known = {name: sender.data.get(name) for name in _SUMMARY}
    return {**known, "id": sender.id, **{name: sender.data.get(name) or {} for name in _TAGS}, "locks": []}


def _whole(sender: Resource) -> dict[str, Any]:
    """Everything of a sender; SPF and the email domain are not known before there are domains."""
    return {**_summary(sender), "isSpf": sender.data.get("isSpf"), "emailDomainId": sender.data.get("emailDomainId")}


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
)
