"""Which identities, configuration sets and templates belong to which tenants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses import named, tenants
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page

TYPES: Mapping[str, str] = {
    "identity": "EMAIL_IDENTITY",
    "configuration-set": "CONFIGURATION_SET",
    "template": "EMAIL_TEMPLATE",
}
"""First part of an ARN's resource, which is the kind as well → what the API calls it."""


async def create_tenant_resource_association(call: Call) -> Mapping[str, Any]:
    """Give a tenant something of the account's."""
    tenant, resource = await tenants.existing(call), call.input["ResourceArn"]
    kind = await _kind(call, resource)

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        if resource in data["resources"]:
            raise Refusal("api.AlreadyExistsException.association", resource=resource)
        return {**data, "resources": {**data["resources"], resource: {"type": TYPES[kind], "at": call.now}}}

    await call.services.store.resources.change(tenant, call.now, edit)
    return {}


async def delete_tenant_resource_association(call: Call) -> Mapping[str, Any]:
    """Take it away again."""
    tenant, resource = await tenants.existing(call), call.input["ResourceArn"]

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        if resource not in data["resources"]:
            raise Refusal("api.NotFoundException.association", resource=resource)
        return {**data, "resources": {arn: one for arn, one in data["resources"].items() if arn != resource}}

    await call.services.store.resources.change(tenant, call.now, edit)
    return {}


async def list_tenant_resources(call: Call) -> Mapping[str, Any]:
    """What a tenant has."""
    tenant = await tenants.existing(call)
    wanted = call.input.get("Filter", {}).get("RESOURCE_TYPE")
    found = [
        {"ResourceType": one["type"], "ResourceArn": arn}
        for arn, one in tenant.data["resources"].items()
        if wanted in (None, one["type"])
    ]
    items, token = page(found, size=call.input.get("PageSize"), token=call.input.get("NextToken"))
    return {"TenantResources": list(items), "NextToken": token}


async def list_resource_tenants(call: Call) -> Mapping[str, Any]:
    """Which tenants have something."""
    resource = call.input["ResourceArn"]
    await _kind(call, resource)
    found = [row for row in await named.rows(call, tenants.KIND) if resource in row.data["resources"]]
    return named.listing(
        call,
        "ResourceTenants",
        found,
        lambda row: {
            "TenantName": row.key,
            "TenantId": row.data["id"],
            "ResourceArn": resource,
            "AssociatedTimestamp": row.data["resources"][resource]["at"],
        },
    )


async def _kind(call: Call, resource: str) -> str:
    """What sort of thing an ARN names; refuses one that is none, or that the account does not have."""
    kind, _, name = resource.removeprefix(call.arn("")).partition("/")
    if not resource.startswith(call.arn("")) or kind not in TYPES:
        raise Refusal("api.BadRequestException.arn", resource=resource[:200])
    if await call.services.store.resources.find(call.account.id, "ses", kind, name) is None:
        raise Refusal("api.NotFoundException.tagged", resource=resource[:200])
    return kind


V2: Mapping[str, Handler] = {
    "CreateTenantResourceAssociation": create_tenant_resource_association,
    "DeleteTenantResourceAssociation": delete_tenant_resource_association,
    "ListResourceTenants": list_resource_tenants,
    "ListTenantResources": list_tenant_resources,
}
