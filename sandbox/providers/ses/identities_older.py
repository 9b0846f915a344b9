"""Operations on identities of API v1: verified, listed, looked at, deleted; none of them minds being repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.model import Resource
from sandbox.providers.ses import identity, registry, verification_mail
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.identity import PENDING, is_address
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.signing_keys import OLDER


async def verify_email_identity(call: Call) -> Mapping[str, Any]:
    """Send the verification mail, once more if it was sent before."""
    await restarted(call, registry.check_name(call.input["EmailAddress"]))
    return {}


async def restarted(call: Call, name: str, *, mail: bool = True, more: Mapping[str, Any] | None = None) -> Resource:
    """An address whose verification begins now, unless it is verified; `more` goes into its `verification`."""
    found = await registry.known(call, name)
    if found is None:
        found = await registry.added(call, name, mail=mail)
    elif not identity.verified(found):
        found = await _verification(call, found, {"status": PENDING, "started": call.now})
        if mail:
            await verification_mail.send(call, found)
    return await _verification(call, found, more) if more else found


async def _verification(call: Call, found: Resource, new: Mapping[str, Any]) -> Resource:
    return await call.services.store.resources.change(
        found, call.now, lambda data: {**data, "verification": {**data["verification"], **new}}
    )


async def verify_domain_identity(call: Call) -> Mapping[str, Any]:
    """The token that the domain is to publish at `_amazonses`."""
    name = registry.check_name(identity.domain_of(call.input["Domain"]))
    found = await registry.known(call, name) or await registry.added(call, name, dkim=False)
    return {"VerificationToken": found.data["verification"]["token"]}


async def list_identities(call: Call) -> Mapping[str, Any]:
    """Names of identities, all or of one kind."""
    kind = call.input.get("IdentityType")
    names = sorted(
        row.key
        for row in await registry.all_of(call)
        if kind is None or (kind == "EmailAddress") == is_address(row.key)
    )
    shown, token = page(names, size=call.input.get("MaxItems"), token=call.input.get("NextToken"))
    return {"Identities": list(shown), "NextToken": token}


async def list_verified_email_addresses(call: Call) -> Mapping[str, Any]:
    """The addresses that are verified."""
    rows = await registry.all_of(call)
    return {"VerifiedEmailAddresses": [row.key for row in rows if is_address(row.key) and identity.verified(row)]}


async def get_identity_verification_attributes(call: Call) -> Mapping[str, Any]:
    """Status of identities; those that there are not are left out."""
    shown: dict[str, Any] = {}
    for name in call.input["Identities"]:
        found = await registry.known(call, name)
        if found is not None:
            verification = found.data["verification"]
            token = None if is_address(found.key) else verification["token"]
            shown[name] = {"VerificationStatus": OLDER[verification["status"]], "VerificationToken": token}
    return {"VerificationAttributes": shown}


async def delete_identity(call: Call) -> Mapping[str, Any]:
    """Remove an identity, if there is one."""
    await _remove(call, call.input["Identity"])
    return {}


async def delete_verified_email_address(call: Call) -> Mapping[str, Any]:
    """Remove an address, if there is one."""
    await _remove(call, call.input["EmailAddress"])
    return {}


async def _remove(call: Call, name: str) -> None:
    found = await identity.find(call.services, call.account, name)
    if found is not None:
        await registry.remove(call, found)


V1: Mapping[str, Handler] = {
    "DeleteIdentity": delete_identity,
    "DeleteVerifiedEmailAddress": delete_verified_email_address,
    "GetIdentityVerificationAttributes": get_identity_verification_attributes,
    "ListIdentities": list_identities,
    "ListVerifiedEmailAddresses": list_verified_email_addresses,
    "VerifyDomainIdentity": verify_domain_identity,
    "VerifyEmailAddress": verify_email_identity,
    "VerifyEmailIdentity": verify_email_identity,
}
