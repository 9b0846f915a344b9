"""IBM's SMTP endpoint: its dialect, and who may log in from where."""

from __future__ import annotations

import hmac
from typing import Any

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Principal
from sandbox.core.services import Services
from sandbox.providers.ibm import networks, records
from sandbox.providers.ibm.dialects import DIALECTS, POSTFIX
from sandbox.providers.ibm.mending import mended
from sandbox.wire.personality import SmtpPersonality


def personality(section: Any, region: str) -> SmtpPersonality:
    """The SMTP endpoint that serves a region, in the dialect of the settings."""
    return SmtpPersonality(
        dialect=DIALECTS[section.dialect](region),
        authenticate=authenticate,
        owner=owner,
        admit=networks.admit,
        mended=mended if section.dialect == POSTFIX else bytes,
        tells_suppressed=False,
    )


async def authenticate(services: Services, username: str, password: str, client: str) -> Principal:
    """Who an SMTP user is, by its password or by an API key of a service id of the same instance.

    Raises `Refusal(AUTH_INVALID)`, and the refusal of a client address that the instance does not let connect.
    """
    for login in await services.store.resources.anywhere("ibm", "smtp-login", username):
        given, known = password.encode("utf-8", "surrogateescape"), str(login.data["password"]).encode()
        if hmac.compare_digest(given, known) or await _is_api_key(services, login.account, password):
            if not await networks.allowed(services, services.accounts.get(login.account), client):
                raise Refusal(networks.TURNED_AWAY)
            return Principal(account=login.account, provider="ibm", user=username, credential=username)
    raise Refusal(Condition.AUTH_INVALID)


async def _is_api_key(services: Services, account: str, password: str) -> bool:
    return await services.store.resources.find(account, "ibm", "api-key", records.digest(password)) is not None


async def owner(services: Services, username: str) -> str | None:
    """The account that has a user of this name, None when there is none."""
    found = await services.store.resources.anywhere("ibm", "smtp-login", username)
    return found[0].account if found else None
