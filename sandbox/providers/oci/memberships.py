"""Which user is in which group; and the tenancy itself with its regions."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import compartments, fields, listing, records, regions, retry_tokens
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

_FIELDS = ("compartmentId", "groupId", "userId", "timeCreated", "lifecycleState")


async def add(exchange: Exchange) -> Response:
    """Put a user into a group."""
    if earlier := await retry_tokens.earlier(exchange):
        return _shown(earlier[0])
    body = fields.json_object(exchange, ("userId", "groupId"))
    user, group = fields.required_text(body, "userId"), fields.required_text(body, "groupId")
    for kind, identifier in (("user", user), ("group", group)):
        if await exchange.services.store.resources.get(exchange.account.id, "oci", kind, identifier) is None:
            raise Refusal(compartments.HIDDEN)
    own = await compartments.identity(exchange)
    row = records.membership(exchange.account, tenancy=own.tenancy, user=user, group=group)
    try:
        await exchange.services.store.resources.add_all([row, *retry_tokens.row(exchange, row)])
    except DuplicateKeyError as error:
        raise Refusal("https.409.already-exists") from error
    return _shown(row)


async def get(exchange: Exchange) -> Response:
    """One membership."""
    return _shown(await _named(exchange))


async def list_(exchange: Exchange) -> Response:
    """The memberships of a user, of a group, or of both."""
    own = await compartments.identity(exchange)
    compartments.require_tenancy(exchange, own, exchange.query["compartmentId"])
    user, group = exchange.query.get("userId"), exchange.query.get("groupId")
    found = [
        row
        for row in await exchange.services.store.resources.all(exchange.account.id, "oci", "membership")
        if user in (None, row.data["userId"]) and group in (None, row.data["groupId"])
    ]
    return listing.page(exchange, found, _shape)


async def remove(exchange: Exchange) -> Response:
    """Take the user out of the group."""
    row = await _named(exchange)
    compartments.check_match(exchange, row.id, row.data)
    await exchange.services.store.resources.remove(row)
    return answer(None, 204)


async def tenancy(exchange: Exchange) -> Response:
    """The tenancy of the account."""
    own = await compartments.identity(exchange)
    if exchange.parameters["tenancyId"] != own.tenancy:
        raise Refusal(compartments.HIDDEN)
    return answer(
        {
            "id": own.tenancy,
            "name": "sandbox",
            "description": "",
            "homeRegionKey": regions.key(exchange.section.region).upper(),
            "freeformTags": {},
            "definedTags": {},
        }
    )


async def list_regions(exchange: Exchange) -> Response:  # noqa: ARG001 - the same for everybody
    """Every region that is known."""
    return answer([{"key": key.upper(), "name": name} for name, key in regions.KEYS.items()])


async def subscriptions(exchange: Exchange) -> Response:
    """The regions that the tenancy uses: one sandbox is one region."""
    name = regions.name(exchange.section.region)
    key = regions.key(name).upper()
    return answer([{"regionKey": key, "regionName": name, "status": "READY", "isHomeRegion": True}])


async def _named(exchange: Exchange) -> Resource:
    return await compartments.resource(exchange, "membership", "userGroupMembershipId")


def _shape(row: Resource) -> dict[str, Any]:
    return {"id": row.id, **{name: row.data.get(name) for name in _FIELDS}, "inactiveStatus": None}


def _shown(row: Resource) -> Response:
    return answer(_shape(row), headers={"etag": compartments.etag(row.id, row.data)})


_ONE = "/userGroupMemberships/{userGroupMembershipId}"
OPERATIONS = (
    Operation(name="addUserToGroup", method="POST", path="/userGroupMemberships", call=add),
    Operation(name="getUserGroupMembership", method="GET", path=_ONE, call=get),
    Operation(
        name="listUserGroupMemberships",
        method="GET",
        path="/userGroupMemberships",
        call=list_,
        required=("compartmentId",),
    ),
    Operation(name="removeUserFromGroup", method="DELETE", path=_ONE, call=remove),
    Operation(name="getTenancy", method="GET", path="/tenancies/{tenancyId}", call=tenancy),
    Operation(name="listRegions", method="GET", path="/regions", call=list_regions),
    Operation(
        name="listRegionSubscriptions",
        method="GET",
        path="/tenancies/{tenancyId}/regionSubscriptions",
        call=subscriptions,
    ),
)
