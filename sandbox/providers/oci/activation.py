"""What waits for DNS becomes active here: DKIM keys and return paths, once their records are found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import Edit
from sandbox.providers.oci import lifecycle, published

_SETTLED = ("ACTIVE", "INACTIVE", "NEEDS_ATTENTION")
"""States that depend on DNS; others on the account's clock."""


async def of_sender(services: Services, account: Account, domain: str) -> None:
    """Look again for a domain that mail is sent from, as far as it has keys that wait."""
    if domain in await _waiting(services, account):
        await lifecycle.settle(services, account)
        found = await services.store.resources.find(account.id, "oci", "email-domain", domain)
        await of_domains(services, account, [found] if found else [])


async def _waiting(services: Services, account: Account) -> Collection[str]:
    """Domains with keys that wait; every mail asks."""
    resources = services.store.resources

    async def find() -> Collection[str]:
        rows = await resources.all(account.id, "oci", "dkim")
        return frozenset(row.data.get("domainName", "") for row in rows if _waits(row))

    return await resources.conclude((__name__, account.id), find)


async def of_domains(services: Services, account: Account, domains: Sequence[Resource]) -> None:
    """Look again for the keys of some domains: the newest whose record is found signs, the others rest."""
    rows = await services.store.resources.all(account.id, "oci", "dkim")
    for domain in domains:
        own = [row for row in rows if row.data.get("emailDomainId") == domain.id]
        edits = await _keys(services, account, domain, own)
        if edits:
            await services.store.resources.change_all(edits)


async def of_return_paths(services: Services, account: Account, rows: Sequence[Resource]) -> None:
    """Look again for the CNAMEs of some return paths."""
    edits = []
    for row in rows:
        wrong = await _problem(services, account, row)
        if row.data["lifecycleState"] in _SETTLED and wrong is not None:
            edits += _edit(account, row, "NEEDS_ATTENTION" if wrong else "ACTIVE", wrong)
    if edits:
        await services.store.resources.change_all(edits)


def _waits(row: Resource) -> bool:
    return row.data["lifecycleState"] in ("CREATING", "NEEDS_ATTENTION")


async def _keys(services: Services, account: Account, domain: Resource, own: Sequence[Resource]) -> list[Edit]:
    problems = {row.id: await _problem(services, account, row) for row in own if row.data["lifecycleState"] in _SETTLED}
    known = [row for row in own if row.id in problems]
    good = [
        row
        for row in known
        if problems[row.id] == "" or (problems[row.id] is None and row.data["lifecycleState"] != "NEEDS_ATTENTION")
    ]
    active = good[-1] if good else None
    edits: list[Edit] = []
    for row in known:
        if row in good:
            edits += _edit(account, row, "ACTIVE" if row is active else "INACTIVE", "")
        elif problems[row.id]:
            edits += _edit(account, row, "NEEDS_ATTENTION", str(problems[row.id]))
    return edits + _point(account, domain, active.id if active else None)


async def _problem(services: Services, account: Account, row: Resource) -> str | None:
    """What is wrong with the record of a key or return path; a permissive sandbox finds nothing wrong."""
    if services.permissive:
        return ""
    return await published.problem(
        services,
        account,
        name=row.data["dnsSubdomainName"],
        target=row.data["cnameRecordValue"],
        text=row.data.get("txtRecordValue", ""),
    )


def _edit(account: Account, row: Resource, state: str, details: str) -> list[Edit]:
    """The change to a state, if it is one."""
    if (row.data["lifecycleState"], row.data.get("lifecycleDetails", "")) == (state, details):
        return []
    now = account.clock.now()
    changes: Mapping[str, Any] = {
        "lifecycleState": state,
        "lifecycleDetails": details,
        "timeUpdated": to_iso(now),
        **({"timeActivated": to_iso(now)} if state == "ACTIVE" else {}),
    }

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, **changes} if data["lifecycleState"] in _SETTLED else data

    return [Edit(resource=row, at=now, edit=edit)]


def _point(account: Account, domain: Resource, active: str | None) -> list[Edit]:
    """The change of the domain's active key, if it is one."""
    if domain.data.get("activeDkimId") == active:
        return []
    return [
        Edit(resource=domain, at=account.clock.now(), edit=lambda data: {**data, "activeDkimId": active}),
    ]
