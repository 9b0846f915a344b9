"""Operations on the suppression list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import named
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.records import record
from sandbox.providers.ses.suppressing import KIND, key_of

TENANT_KIND = "tenant-suppression"
"""Entries of a tenant's own list."""
_MISSING = "api.NotFoundException.suppression"


async def put(call: Call) -> Mapping[str, Any]:
    """PutSuppressedDestination; an address that is listed gets the new reason."""
    if not call.owner.settings["production_access"]:
        raise Refusal("api.BadRequestException.suppression-sandbox")
    address = call.input["EmailAddress"].strip()
    if not address.partition("@")[0] or "." not in address.rpartition("@")[2] or address.count("@") != 1:
        raise Refusal("api.BadRequestException.suppression-address", address=address[:320])
    kind, key = await _place(call)
    data = {"reason": call.input["Reason"], "updated": call.now}
    try:
        await call.services.store.resources.add(record(call.account, kind, key, data))
    except DuplicateKeyError:
        found = await named.existing(call, kind, key, _MISSING)
        await call.services.store.resources.change(found, call.now, lambda _: data)
    return {}


async def get(call: Call) -> Mapping[str, Any]:
    """GetSuppressedDestination."""
    found = await named.existing(call, *await _place(call), _MISSING)
    message_id = str(found.data.get("message_id") or "").partition("@")[0]
    known = {"MessageId": message_id, "FeedbackId": found.data.get("feedback_id")}
    attributes = {name: value for name, value in known.items() if value}
    return {
        "SuppressedDestination": {
            **_summary(found),
            "Attributes": attributes or None,
            "TenantName": call.input.get("TenantName"),
        }
    }


async def delete(call: Call) -> Mapping[str, Any]:
    """DeleteSuppressedDestination."""
    await call.services.store.resources.remove(await named.existing(call, *await _place(call), _MISSING))
    return {}


async def listed(call: Call) -> Mapping[str, Any]:
    """ListSuppressedDestinations, with its filters; the newest first."""
    given, tenant = call.input, call.input.get("TenantName")
    rows = await named.rows(call, TENANT_KIND if tenant else KIND)
    rows = [row for row in rows if not tenant or row.key.startswith(f"{tenant}/")]
    reasons = given.get("Reasons") or ["BOUNCE", "COMPLAINT"]
    start, end = given.get("StartDate", float("-inf")), given.get("EndDate", float("inf"))
    found = [row for row in rows if row.data["reason"] in reasons and start <= row.data["updated"] <= end]
    found.sort(key=lambda row: (-row.data["updated"], row.key))
    shown, token = page(found, size=given.get("PageSize"), token=given.get("NextToken"))
    return {"SuppressedDestinationSummaries": [_summary(row) for row in shown], "NextToken": token}


async def _place(call: Call) -> tuple[str, str]:
    """Kind and key of the entry that a call is about."""
    key, tenant = key_of(call.input["EmailAddress"]), call.input.get("TenantName")
    if not tenant:
        return KIND, key
    await named.existing(call, "tenant", tenant, "api.NotFoundException.tenant")
    return TENANT_KIND, f"{tenant}/{key}"


def _summary(row: Resource) -> dict[str, Any]:
    address = row.key.partition("/")[2] if row.kind == TENANT_KIND else row.key
    return {"EmailAddress": address, "Reason": row.data["reason"], "LastUpdateTime": row.data["updated"]}


V2: Mapping[str, Handler] = {
    "DeleteSuppressedDestination": delete,
    "GetSuppressedDestination": get,
    "ListSuppressedDestinations": listed,
    "PutSuppressedDestination": put,
}
