"""Sending for a tenant: what it may use, whether it may send, and whom its own list holds back.

Source: the API reference of SendEmail, `TenantName` (all resources must be associated with the tenant), and the
developer guide, "Tenants".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.model import Resource
from sandbox.providers.ses import owner, reputation
from sandbox.providers.ses.simulator import simulated
from sandbox.providers.ses.suppressing import TENANT_LISTED, key_of
from sandbox.providers.ses.suppression import TENANT_KIND

if TYPE_CHECKING:
    from sandbox.providers.ses.review import Case

KIND = "tenant"


async def check(case: Case, sender: Resource | None, chosen: Resource | None) -> None:
    """Refuse a message of a tenant that may not send it, and one with an identity or a set that was disabled."""
    who = await owner.owner(case.services, case.account)
    used = [one for one in (sender, chosen) if one is not None]
    arns = [who.arn(f"{one.kind}/{one.key}") for one in used]
    for arn in arns:
        if await reputation.disabled(case.services, case.account, arn):
            raise case.refuse("entity-paused", resource=arn)
    name = case.attributes.get("tenant")
    if not name:
        return
    tenant = await _tenant(case)
    if tenant is None:
        raise case.refuse("no-tenant", resource=name)
    if tenant.data["status"] == "DISABLED":
        raise case.refuse("tenant-paused", resource=name)
    if template := case.attributes.get("template"):
        arns.append(who.arn(f"template/{template}"))
    for arn in arns:
        if arn not in tenant.data["resources"] and not case.permissive:
            raise case.refuse("tenant-resource", resource=arn)


async def held_back(case: Case, listed: dict[str, str]) -> dict[str, str]:
    """The recipients that are held back: those of the account's list, unless the tenant has one of its own in force."""
    tenant = await _tenant(case)
    options = (tenant.data["suppression"] if tenant else None) or {}
    if tenant is None or options.get("SuppressionScope") != "TENANT":
        return listed
    found: dict[str, str] = {}
    for address in case.submission.envelope.rcpt_to:
        key = f"{tenant.key}/{key_of(address)}"
        row = await case.services.store.resources.find(case.account.id, "ses", TENANT_KIND, key)
        if row is not None and not simulated(address) and row.data["reason"] in options.get("SuppressedReasons", ()):
            found[address] = TENANT_LISTED
    return found


async def _tenant(case: Case) -> Resource | None:
    name = case.attributes.get("tenant")
    return await case.services.store.resources.find(case.account.id, "ses", KIND, name) if name else None
