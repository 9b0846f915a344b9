"""Verification of identities: what is pending becomes verified here, once its records are found in DNS.

Nothing polls: whoever looks at an identity, or sends with it, makes the service look. Records are searched for 72
hours and mails with links are good for 24 hours, on the account's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.dns.lookup import Status
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ses import zones
from sandbox.providers.ses.identity import FAILED, PENDING, SUCCESS, candidates, domain_of, find, is_address

SEARCHED = 72 * 3600.0
"""Seconds that DNS is searched for the records of a domain."""
LINKED = 24 * 3600.0
"""Seconds that the link in a verification mail is good for."""


async def settle(services: Services, account: Account, identity: Resource) -> Resource:
    """The identity as it is now, after looking for what it waits for."""
    changes = await _changes(services, account, identity)
    if not changes:
        return identity
    now = account.clock.now()
    return await services.store.resources.change(
        identity, now, lambda data: {**data, **{part: {**data[part], **new} for part, new in changes.items()}}
    )


async def settle_for(services: Services, account: Account, address: str) -> None:
    """The same for every identity that may cover an address."""
    for name in candidates(address):
        found = await find(services, account, name)
        if found is not None:
            await settle(services, account, found)


async def _changes(services: Services, account: Account, identity: Resource) -> dict[str, dict[str, Any]]:
    """Part of the identity → what changes in it."""
    data, found = identity.data, dict[str, dict[str, Any]]()
    now = account.clock.now()
    if data["dkim"]["status"] == PENDING:
        found["dkim"] = await _awaited(services, account, identity, "dkim")
    if data["verification"]["status"] == PENDING:
        if is_address(identity.key):
            expired = now > data["verification"]["started"] + LINKED
            found["verification"] = {"status": FAILED} if expired else {}
        else:
            found["verification"] = await _domain(services, account, identity, found.get("dkim", {}))
    if data["mail_from"].get("status") == PENDING:
        found["mail_from"] = await _awaited(services, account, identity, "mail_from")
    return {part: new for part, new in found.items() if new}


async def _domain(services: Services, account: Account, identity: Resource, dkim: dict[str, Any]) -> dict[str, Any]:
    """A domain is verified by its DKIM records, or by a TXT record with its token."""
    now = account.clock.now()
    verification = identity.data["verification"]
    by_dkim = dkim.get("status", identity.data["dkim"]["status"]) == SUCCESS
    if by_dkim or await _has_text(services, account, f"_amazonses.{identity.key}", verification["token"]):
        return {"status": SUCCESS, "checked": now, "succeeded": now}
    return {"checked": now, **({"status": FAILED, "error": "HOST_NOT_FOUND"} if _over(verification, now) else {})}


async def _awaited(services: Services, account: Account, identity: Resource, part: str) -> dict[str, Any]:
    now = account.clock.now()
    there = await (_dkim if part == "dkim" else _mail_from)(services, account, identity)
    if there:
        length = identity.data["dkim"].get("next_key_length")
        return {"status": SUCCESS, **({"key_length": length, "generated": now} if part == "dkim" and length else {})}
    return {"status": FAILED} if _over(identity.data[part], now) else {}


def _over(part: dict[str, Any], now: float) -> bool:
    return bool(now > part["started"] + SEARCHED)


async def _dkim(services: Services, account: Account, identity: Resource) -> bool:
    """Whether the records of the identity's DKIM are there: three CNAMEs, or the customer's own key."""
    dkim, domain = identity.data["dkim"], domain_of(identity.key)
    if dkim["origin"] == "EXTERNAL":
        name = f"{dkim['selector']}._domainkey.{domain}"
        wanted = "".join(str(dkim["public"]).split()).partition("p=")[2]
        answer = await services.dns.lookup.query(account, name, "TXT")
        return any("".join(record.split()).partition("p=")[2].rstrip(";") == wanted for record in answer.records)
    for token in dkim["tokens"]:
        if not await _points(services, account, f"{token}._domainkey.{domain}", f"{token}.{zones.HOSTED_ZONE}"):
            return False
    return bool(dkim["tokens"])


async def _points(services: Services, account: Account, name: str, target: str) -> bool:
    answer = await services.dns.lookup.query(account, name, "CNAME")
    return target in _plain([*answer.records, *answer.aliases])


async def _mail_from(services: Services, account: Account, identity: Resource) -> bool:
    """Whether the MAIL FROM domain has the MX record; its SPF record is for receivers."""
    region = services.providers["ses"].region
    answer = await services.dns.lookup.query(account, identity.data["mail_from"]["domain"], "MX")
    hosts = _plain([record.partition(" ")[2] for record in answer.records])
    return answer.status is Status.FOUND and hosts == [zones.feedback_host(region)]


async def _has_text(services: Services, account: Account, name: str, text: str) -> bool:
    answer = await services.dns.lookup.query(account, name, "TXT")
    return any(record.strip() == text for record in answer.records)


def _plain(names: Sequence[str]) -> list[str]:
    return [name.lower().rstrip(".") for name in names]
