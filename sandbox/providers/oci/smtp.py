"""OCI's SMTP endpoint: its words, and who may log in."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Principal, Resource
from sandbox.core.services import Services
from sandbox.providers.oci import regions
from sandbox.wire.dialect import Dialect
from sandbox.wire.personality import SmtpPersonality

CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "DHE-RSA-AES256-SHA256",
    "AES256-SHA256",
)
"""The suites that the service documents, the fast ones first.

Two more, DHE-DSS-AES256-SHA256 and DHE-DSS-AES128-SHA256, need a DSA certificate, which no current client accepts.
"""


def personality(section: Any, region: str) -> SmtpPersonality:
    """The SMTP endpoint of a region, as the settings want it."""
    host = f"smtp.email.{region}.oci.{regions.DOMAIN}"
    size = ["SIZE {size}"] if section.advertise_size else []
    dialect = Dialect(
        host=host,
        greeting=f"{host} ESMTP smtp-in",
        before_tls=["STARTTLS"],
        after_tls=["PIPELINING", "8BITMIME", *size, "AUTH PLAIN"],
        ehlo_end="Ok",
        mechanisms=["PLAIN"],
    )
    return SmtpPersonality(
        dialect=dialect,
        authenticate=authenticate,
        owner=owner,
        details=details,
        ciphers=CIPHERS,
    )


async def authenticate(services: Services, username: str, password: str, client: str) -> Principal:  # noqa: ARG001
    """Who an SMTP credential belongs to; raises `Refusal(AUTH_INVALID)` for one that is unknown, wrong or inactive."""
    given = password.encode("utf-8", "surrogateescape")
    for credential in await _credentials(services, username):
        known = str(credential.data["password"]).encode()
        if hmac.compare_digest(given, known) and credential.data.get("lifecycleState") == "ACTIVE":
            user = str(credential.data["userId"])
            return Principal(account=credential.account, provider="oci", user=user, credential=username)
    raise Refusal(Condition.AUTH_INVALID)


async def owner(services: Services, username: str) -> str | None:
    """The account that has a credential of this name, None when there is none."""
    found = await _credentials(services, username)
    return found[0].account if found else None


async def _credentials(services: Services, username: str) -> list[Resource]:
    return await services.store.resources.anywhere("oci", "smtp-credential", username)


async def details(services: Services, account: Account, sender: str) -> Mapping[str, object]:
    """`sender_id`: the OCID of the approved sender in use, for the observed wording of a suppression."""
    senders = await services.store.resources.all(account.id, "oci", "sender")
    keys = {sender.lower(), "@" + sender.lower().rpartition("@")[2]}
    chosen = next((one for one in senders if one.key in keys), senders[0] if senders else None)
    return {"sender_id": chosen.id if chosen else ""}
