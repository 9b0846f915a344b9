"""SES's SMTP endpoint: its words, and who may log in."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Principal, Resource, Stage
from sandbox.core.services import Services
from sandbox.providers.ses.receiving.arrival import RECEIVING
from sandbox.providers.ses.smtp_password import smtp_password
from sandbox.wire.dialect import Dialect
from sandbox.wire.personality import SmtpPersonality

HOST = "email-smtp.amazonaws.com"
"""The name that the service gives itself in every region."""


def personality(section: Any, region: str) -> SmtpPersonality:  # noqa: ARG001 - the endpoint's words are the same
    """The SMTP endpoint, as the settings want it."""
    capabilities = ["8BITMIME", "STARTTLS", "AUTH PLAIN LOGIN"]
    dialect = Dialect(
        host=HOST,
        greeting="{host} ESMTP SimpleEmailService-d-EMAILSAND {session:.20}",
        before_tls=capabilities,
        after_tls=capabilities,
        ehlo_end="Ok",
        mechanisms=["PLAIN", "LOGIN"],
        accepted="250 Ok {envelope_id}",
    )
    return SmtpPersonality(
        dialect=dialect,
        authenticate=authenticate,
        owner=owner,
        details=details,
        sender_checked=Stage.BODY,
        tells_suppressed=False,
        receiving=RECEIVING,
    )


async def authenticate(services: Services, username: str, password: str, client: str) -> Principal:  # noqa: ARG001
    """Who an SMTP credential belongs to; raises `Refusal(AUTH_INVALID)` for one that is unknown or wrong."""
    given = password.encode("utf-8", "surrogateescape")
    region = services.providers["ses"].region
    for credential in await _credentials(services, username):
        known = credential.data.get("password") or smtp_password(str(credential.data["secret"]), region)
        if hmac.compare_digest(given, str(known).encode()):
            user = str(credential.data["user"])
            return Principal(account=credential.account, provider="ses", user=user, credential=username)
    raise Refusal(Condition.AUTH_INVALID)


async def owner(services: Services, username: str) -> str | None:
    """The account that has a credential of this name, None when there is none."""
    found = await _credentials(services, username)
    return found[0].account if found else None


async def _credentials(services: Services, username: str) -> list[Resource]:
    resources = services.store.resources
    keys = await resources.anywhere("ses", "access-key", username)
    return keys + await resources.anywhere("ses", "smtp-credential", username)


async def details(services: Services, account: Account, sender: str) -> Mapping[str, object]:  # noqa: ARG001
    """`region` in upper case, as the refusals name it."""
    region = services.providers["ses"].region.upper()
    return {"region": region, "resource": sender, "address": sender, "parameter": "Subject"}
