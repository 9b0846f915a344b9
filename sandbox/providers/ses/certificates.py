"""Certificates of identities, by which the service would sign mail as S/MIME; they are kept, not used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses import identity, named
from sandbox.providers.ses.call import Call, Handler

KIND = "certificate"
YEAR = 365 * 86_400.0


async def associate_email_identity_certificate(call: Call) -> Mapping[str, Any]:
    """Let mail of an identity, or from one address of its domain, be signed with a certificate."""
    name, address = await _identity(call), call.input.get("FromAddress", "")
    if address and identity.domain_of(address) != identity.domain_of(name):
        raise Refusal("api.BadRequestException.certificate-address", resource=address, parameter=name)
    data = {"identity": name, "address": address, "arn": call.input["CertificateArn"], "expires": call.now + YEAR}
    await named.add(call, KIND, f"{name} {address}", data, "api.AlreadyExistsException.certificate")
    return {}


async def list_email_identity_certificates(call: Call) -> Mapping[str, Any]:
    """The certificates of an identity."""
    name = await _identity(call)
    found = [row for row in await named.rows(call, KIND) if row.data["identity"] == name]
    return named.listing(
        call,
        "Certificates",
        found,
        lambda row: {
            "FromAddress": row.data["address"] or None,
            "Status": "ACTIVE",
            "CertificateArn": row.data["arn"],
            "CertificateExpiryTime": row.data["expires"],
        },
    )


async def disassociate_email_identity_certificate(call: Call) -> Mapping[str, Any]:
    """Forget the certificate of an identity, or of one of its addresses."""
    key = f"{await _identity(call)} {call.input.get('FromAddress', '')}"
    await call.services.store.resources.remove(
        await named.existing(call, KIND, key, "api.NotFoundException.certificate")
    )
    return {}


async def _identity(call: Call) -> str:
    found = await identity.find(call.services, call.account, call.input["EmailIdentity"])
    if found is None:
        raise Refusal("api.NotFoundException.identity", resource=call.input["EmailIdentity"])
    return found.key


V2: Mapping[str, Handler] = {
    "AssociateEmailIdentityCertificate": associate_email_identity_certificate,
    "DisassociateEmailIdentityCertificate": disassociate_email_identity_certificate,
    "ListEmailIdentityCertificates": list_email_identity_certificates,
}
