"""Recommendations: what the DNS of the account's verified domains lacks, looked up when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.dns.lookup import Status
from sandbox.core.model import Resource
from sandbox.providers.ses import identity
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page

DESCRIPTIONS: Mapping[str, str] = {
    "DKIM": "DKIM verification is not enabled.",
    "SPF": "SPF record was not found.",
    "DMARC": "DMARC configuration was not found.",
    "BIMI": "BIMI record was not found.",
}
IMPACTS: Mapping[str, str] = {"DKIM": "HIGH", "SPF": "HIGH", "DMARC": "HIGH", "BIMI": "LOW"}


async def list_recommendations(call: Call) -> Mapping[str, Any]:
    """The recommendations that fit the filter."""
    wish = call.input.get("Filter", {})
    found = [one for row in await _domains(call) for one in await _about(call, row)]
    fitting = [
        one
        for one in found
        if wish.get("TYPE") in (None, one["Type"])
        and wish.get("IMPACT") in (None, one["Impact"])
        and wish.get("STATUS") in (None, one["Status"])
        and wish.get("RESOURCE_ARN") in (None, one["ResourceArn"])
    ]
    items, token = page(fitting, size=call.input.get("PageSize"), token=call.input.get("NextToken"))
    return {"Recommendations": list(items), "NextToken": token}


async def _domains(call: Call) -> list[Resource]:
    rows = await call.services.store.resources.all(call.account.id, "ses", identity.KIND)
    return [row for row in rows if not identity.is_address(row.key) and identity.verified(row)]


async def _about(call: Call, row: Resource) -> list[dict[str, Any]]:
    """What one domain lacks."""
    sender = (row.data.get("mail_from") or {}).get("domain") or row.key
    lacking = {
        "DKIM": row.data["dkim"]["status"] != identity.SUCCESS,
        "SPF": not await _published(call, sender, "v=spf1"),
        "DMARC": not await _published(call, f"_dmarc.{row.key}", "v=dmarc1"),
        "BIMI": not await _published(call, f"default._bimi.{row.key}", "v=bimi1"),
    }
    return [
        {
            "ResourceArn": call.arn(f"identity/{row.key}"),
            "Type": kind,
            "Description": DESCRIPTIONS[kind],
            "Status": "OPEN",
            "CreatedTimestamp": row.created,
            "LastUpdatedTimestamp": call.now,
            "Impact": IMPACTS[kind],
        }
        for kind, lacks in lacking.items()
        if lacks
    ]


async def _published(call: Call, name: str, beginning: str) -> bool:
    answer = await call.services.dns.lookup.query(call.account, name, "TXT")
    texts = [one.strip('"').lower() for one in answer.records] if answer.status is Status.FOUND else []
    return any(text.startswith(beginning) for text in texts)


V2: Mapping[str, Handler] = {"ListRecommendations": list_recommendations}
