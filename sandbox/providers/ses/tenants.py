"""Tenants: parts of an account that send under their own name and status."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import named
from sandbox.providers.ses.call import Call, Handler

KIND = "tenant"
TENANTS = 10_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MISSING = "api.NotFoundException.tenant"


async def create_tenant(call: Call) -> Mapping[str, Any]:
    """Make a tenant that may send."""
    name = call.input["TenantName"]
    if not _NAME.fullmatch(name):
        raise Refusal("api.BadRequestException.tenant-name", resource=name[:100])
    if len(await named.rows(call, KIND)) >= TENANTS:
        raise Refusal("api.LimitExceededException.rest", parameter="tenants", limit=TENANTS)
    data = {
        "id": f"tn-{call.account.ids.hex(31)}",
        "status": "ENABLED",
        "tags": call.input.get("Tags", []),
        "suppression": call.input.get("SuppressionAttributes"),
        "resources": {},
    }
    row = await named.add(call, KIND, name, data, "api.AlreadyExistsException.tenant")
    return _whole(call, row)


async def get_tenant(call: Call) -> Mapping[str, Any]:
    """One tenant."""
    return {"Tenant": _whole(call, await existing(call))}


async def list_tenants(call: Call) -> Mapping[str, Any]:
    """The tenants that fit the filter."""
    wish = call.input.get("Filter", {})
    part, status = wish.get("TENANT_NAME_CONTAINS", ""), wish.get("SENDING_STATUS")
    found = [
        row
        for row in await named.rows(call, KIND)
        if part.lower() in row.key.lower() and status in (None, row.data["status"])
    ]
    return named.listing(call, "Tenants", found, lambda row: _summary(call, row))


async def delete_tenant(call: Call) -> Mapping[str, Any]:
    """Delete a tenant; what was associated with it stays."""
    await call.services.store.resources.remove(await existing(call))
    return {}


async def put_tenant_suppression_attributes(call: Call) -> Mapping[str, Any]:
    """Choose which reasons suppress an address for a tenant, and for whom."""
    wish = {name: call.input[name] for name in ("SuppressedReasons", "SuppressionScope") if name in call.input}
    await named.change(call, await existing(call), suppression=wish)
    return {}


async def existing(call: Call) -> Resource:
    """The tenant that the call names."""
    return await named.existing(call, KIND, call.input["TenantName"], _MISSING)


def arn(call: Call, row: Resource) -> str:
    """The ARN of a tenant: its name and its id."""
    return call.arn(f"tenant/{row.key}/{row.data['id']}")


def _summary(call: Call, row: Resource) -> dict[str, Any]:
    return {
        "TenantName": row.key,
        "TenantId": row.data["id"],
        "TenantArn": arn(call, row),
        "CreatedTimestamp": row.created,
        "SendingStatus": row.data["status"],
    }


def _whole(call: Call, row: Resource) -> dict[str, Any]:
    return {
        **_summary(call, row),
        "Tags": row.data["tags"] or None,
        "SuppressionAttributes": row.data["suppression"],
    }


V2: Mapping[str, Handler] = {
    "CreateTenant": create_tenant,
    "DeleteTenant": delete_tenant,
    "GetTenant": get_tenant,
    "ListTenants": list_tenants,
    "PutTenantSuppressionAttributes": put_tenant_suppression_attributes,
}
