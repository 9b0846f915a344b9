"""How an identity signs: Easy DKIM with the service's tokens, or a key of the customer's own; both APIs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.core.dkim import public_record
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import identity, registry, zones
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.identity import DEFAULT_KEY, NOT_STARTED, PENDING, SUCCESS, is_address
from sandbox.providers.ses.verification import settle

OLDER = {
    "PENDING": "Pending",
    "SUCCESS": "Success",
    "FAILED": "Failed",
    "TEMPORARY_FAILURE": "TemporaryFailure",
    "NOT_STARTED": "NotStarted",
}
"""What API v1 calls a status."""
LEAST, MOST = 1024, 2048
"""Bits of a customer's own key."""


def attributes(found: Resource) -> dict[str, Any]:
    """DkimAttributes of API v2."""
    dkim = found.data["dkim"]
    own = dkim["origin"] == "EXTERNAL"
    shown: dict[str, Any] = {
        "SigningEnabled": dkim["enabled"],
        "Status": dkim["status"],
        "Tokens": [dkim["selector"]] if own else dkim["tokens"] or None,
        "SigningAttributesOrigin": dkim["origin"],
        "SigningHostedZone": zones.HOSTED_ZONE if dkim["tokens"] and not own else None,
        "LastKeyGenerationTimestamp": dkim.get("generated"),
        "CurrentSigningKeyLength": dkim.get("key_length"),
    }
    return shown if own else {**shown, "NextSigningKeyLength": dkim["next_key_length"]}


async def put_enabled(call: Call) -> Mapping[str, Any]:
    """PutEmailIdentityDkimAttributes: sign, or don't."""
    found = await registry.needed(call, call.input["EmailIdentity"])
    enabled = call.input.get("SigningEnabled", False)
    if enabled and found.data["dkim"]["status"] == NOT_STARTED:
        raise Refusal("api.BadRequestException.not-verified-for-dkim", resource=found.key)
    await _change(call, found, {"enabled": enabled})
    return {}


async def put_signing(call: Call) -> Mapping[str, Any]:
    """PutEmailIdentityDkimSigningAttributes: another key, or other tokens."""
    found = await registry.needed(call, call.input["EmailIdentity"])
    given = {
        **call.input.get("SigningAttributes", {}),
        "DomainSigningAttributesOrigin": call.input["SigningAttributesOrigin"],
    }
    changed = await settle(call.services, call.account, await put(call, found, given))
    shown = attributes(changed)
    return {
        "DkimStatus": shown["Status"],
        "DkimTokens": shown["Tokens"],
        "SigningHostedZone": shown["SigningHostedZone"],
    }


async def put(call: Call, found: Resource, given: Mapping[str, Any]) -> Resource:
    """Give an identity the signing attributes of a call; refuses keys that can't be used."""
    own = given.get("DomainSigningPrivateKey"), given.get("DomainSigningSelector")
    origin = given.get("DomainSigningAttributesOrigin") or ("EXTERNAL" if any(own) else "AWS_SES")
    if origin == "EXTERNAL":
        return await _change(call, found, _external(call, *own))
    length = given.get("NextSigningKeyLength") or DEFAULT_KEY
    dkim = found.data["dkim"]
    if dkim["origin"] == "AWS_SES" and dkim["tokens"]:
        return await _change(call, found, {"next_key_length": length})
    return await _change(call, found, easy(call, length))


def easy(call: Call, length: str = DEFAULT_KEY) -> dict[str, Any]:
    """What Easy DKIM begins with: three tokens."""
    verified = call.services.permissive
    return {
        "enabled": True,
        "origin": "AWS_SES",
        "status": SUCCESS if verified else PENDING,
        "tokens": [call.account.ids.base32(32) for _ in range(3)],
        "started": call.now,
        "next_key_length": length,
        "key_length": length,
        "generated": call.now,
    }


def _external(call: Call, key: str | None, selector: str | None) -> dict[str, Any]:
    if not key or not selector:
        raise Refusal("api.BadRequestException.own-key", parameter="DomainSigningSelector and DomainSigningPrivateKey")
    pem = _pem(key)
    return {
        "enabled": True,
        "origin": "EXTERNAL",
        "status": SUCCESS if call.services.permissive else PENDING,
        "tokens": [],
        "selector": selector,
        "private_key": pem,
        "public": public_record(pem),
        "started": call.now,
        "key_length": None,
        "generated": None,
    }


def _pem(text: str) -> str:
    """A key of base64 without the lines around it, as PEM; refuses what is no RSA key of a length in use."""
    try:
        key = serialization.load_der_private_key(base64.b64decode(text, validate=True), None)
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refusal("api.BadRequestException.own-key", parameter="DomainSigningPrivateKey") from error
    if not isinstance(key, rsa.RSAPrivateKey) or not LEAST <= key.key_size <= MOST:
        raise Refusal("api.BadRequestException.own-key", parameter="DomainSigningPrivateKey")
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")


async def verify_domain_dkim(call: Call) -> Mapping[str, Any]:
    """VerifyDomainDkim of API v1: the tokens of a domain, which becomes an identity by it."""
    name = registry.check_name(identity.domain_of(call.input["Domain"]))
    found = await registry.known(call, name) or await registry.added(call, name)
    if found.data["dkim"]["origin"] == "EXTERNAL" or not found.data["dkim"]["tokens"]:
        found = await _change(call, found, easy(call))
    await settle(call.services, call.account, found)
    return {"DkimTokens": found.data["dkim"]["tokens"]}


async def set_identity_dkim_enabled(call: Call) -> Mapping[str, Any]:
    """SetIdentityDkimEnabled of API v1."""
    found = await registry.known_older(call, call.input["Identity"])
    if call.input["DkimEnabled"] and found.data["dkim"]["status"] != SUCCESS and not is_address(found.key):
        raise Refusal("api.BadRequestException.not-verified-for-dkim", resource=found.key)
    await _change(call, found, {"enabled": call.input["DkimEnabled"]})
    return {}


async def get_identity_dkim_attributes(call: Call) -> Mapping[str, Any]:
    """GetIdentityDkimAttributes of API v1; identities that there are not are left out."""
    shown: dict[str, Any] = {}
    for name in call.input["Identities"]:
        found = await registry.known(call, name)
        if found is not None:
            dkim = found.data["dkim"]
            shown[name] = {
                "DkimEnabled": dkim["enabled"],
                "DkimVerificationStatus": OLDER[dkim["status"]],
                "DkimTokens": dkim["tokens"] or None,
            }
    return {"DkimAttributes": shown}


async def _change(call: Call, found: Resource, new: Mapping[str, Any]) -> Resource:
    return await call.services.store.resources.change(
        found, call.now, lambda data: {**data, "dkim": {**data["dkim"], **new}}
    )


V2: Mapping[str, Handler] = {
    "PutEmailIdentityDkimAttributes": put_enabled,
    "PutEmailIdentityDkimSigningAttributes": put_signing,
}
V1: Mapping[str, Handler] = {
    "GetIdentityDkimAttributes": get_identity_dkim_attributes,
    "SetIdentityDkimEnabled": set_identity_dkim_enabled,
    "VerifyDomainDkim": verify_domain_dkim,
}
