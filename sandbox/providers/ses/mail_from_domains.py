"""Operations on custom MAIL FROM domains; both APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import registry
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.identity import PENDING, SUCCESS, domain_of
from sandbox.providers.ses.signing_keys import OLDER

_NEWER = {"UseDefaultValue": "USE_DEFAULT_VALUE", "RejectMessage": "REJECT_MESSAGE"}
_OLDER = {newer: older for older, newer in _NEWER.items()}


async def put_mail_from(call: Call) -> Mapping[str, Any]:
    """PutEmailIdentityMailFromAttributes: a domain, or none."""
    found = await registry.needed(call, call.input["EmailIdentity"])
    await _put(call, found, call.input.get("MailFromDomain"), call.input.get("BehaviorOnMxFailure"))
    return {}


async def set_identity_mail_from_domain(call: Call) -> Mapping[str, Any]:
    """SetIdentityMailFromDomain of API v1."""
    found = await registry.known_older(call, call.input["Identity"])
    wish = call.input.get("BehaviorOnMXFailure")
    await _put(call, found, call.input.get("MailFromDomain"), _NEWER[wish] if wish else None)
    return {}


async def get_identity_mail_from_domain_attributes(call: Call) -> Mapping[str, Any]:
    """GetIdentityMailFromDomainAttributes of API v1; identities that there are not are left out."""
    shown: dict[str, Any] = {}
    for name in call.input["Identities"]:
        found = await registry.known(call, name)
        if found is not None:
            chosen = found.data["mail_from"]
            shown[name] = {
                "MailFromDomain": chosen.get("domain", ""),
                "MailFromDomainStatus": OLDER[chosen["status"]] if chosen else "",
                "BehaviorOnMXFailure": _OLDER[chosen.get("on_failure", "USE_DEFAULT_VALUE")],
            }
    return {"MailFromDomainAttributes": shown}


async def _put(call: Call, found: Resource, domain: str | None, on_failure: str | None) -> None:
    if not domain:
        await registry.change(call, found, {"mail_from": {}})
        return
    name, above = domain.lower().rstrip("."), domain_of(found.key)
    registry.check_name(name)
    if not name.endswith(f".{above}"):
        raise Refusal("api.BadRequestException.mail-from-domain", parameter=domain, resource=found.key)
    chosen = {
        "domain": name,
        "status": SUCCESS if call.services.permissive else PENDING,
        "on_failure": on_failure or "USE_DEFAULT_VALUE",
        "started": call.now,
    }
    await registry.change(call, found, {"mail_from": chosen})


V1: Mapping[str, Handler] = {
    "GetIdentityMailFromDomainAttributes": get_identity_mail_from_domain_attributes,
    "SetIdentityMailFromDomain": set_identity_mail_from_domain,
}
V2: Mapping[str, Handler] = {"PutEmailIdentityMailFromAttributes": put_mail_from}
