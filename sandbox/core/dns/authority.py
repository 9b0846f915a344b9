"""Answers with authority: the zones of an account, and the names that providers publish themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import dns.name

from sandbox.core.accounts import Account
from sandbox.core.dns.records import Record, domain_name, minimum, normal, parse_name, spelled
from sandbox.core.dns.zone import Found, Match
from sandbox.core.dns.zones import Zones
from sandbox.core.errors import NotFoundError

Names = Callable[[Account, str, str], Awaitable[list[str] | None]]
"""(account, name in lower case without final dot, type) → a provider's records in presentation form.

None when the name is none of a provider's; `NotFoundError` when it would be, but does not exist. What they publish
follows from settings and resources alone: answers are kept until a resource changes.
"""
CHAIN = 16
"""CNAMEs that are followed before they count as a loop."""
PROVIDER_TTL = 300
"""Seconds that a provider's records live; they change when keys do."""


class Status(StrEnum):
    """How a question ends where the sandbox has authority."""

    FOUND = "found"
    NO_DATA = "no-data"
    NO_NAME = "no-name"
    OUTSIDE = "outside"
    """The last name, the one asked for or one that a CNAME leads to, is nobody's here."""
    REFERRAL = "referral"
    """That name is delegated to servers elsewhere."""
    LOOP = "loop"


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """The whole answer: the way to the records, the records, and what proves that there are none."""

    status: Status
    name: str
    """The last name of the chain."""
    aliases: tuple[Record, ...] = ()
    records: tuple[Record, ...] = ()
    soa: Record | None = None
    """Of the zone that denies; its time to live is that of the denial (RFC 2308 section 5)."""
    own: bool = False
    """Whether a zone of the account answered first, rather than a provider."""

    @property
    def known(self) -> bool:
        """Whether the sandbox has authority over the name that was asked for."""
        return self.status is not Status.OUTSIDE or bool(self.aliases)


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One link of the chain."""

    found: Found | None
    soa: Record | None = None
    own: bool = False


class Authority:
    """What the sandbox knows of its own."""

    def __init__(self, zones: Zones, names: Names) -> None:
        self._zones = zones
        self._names = names

    async def resolve(self, account: Account, name: str, rtype: str) -> Resolution:
        """The records of `rtype` at `name`, CNAMEs followed wherever they lead within the sandbox.

        `RecordError` when `name` is none.
        """
        question = (__name__, account.id, name, rtype)
        return await self._zones.conclude(question, lambda: self._resolve(account, name, rtype))

    async def _resolve(self, account: Account, name: str, rtype: str) -> Resolution:
        here = parse_name(name)
        aliases: list[Record] = []
        own = False
        while len(aliases) < CHAIN:
            step = await self._step(account, here, rtype)
            own = own or (step.own and not aliases)
            state = Resolution(
                status=_STATUS[step.found.match] if step.found else Status.OUTSIDE,
                name=spelled(here),
                aliases=tuple(aliases),
                records=step.found.records if step.found else (),
                soa=step.soa if step.found and step.found.match in _DENIALS else None,
                own=own,
            )
            if step.found is None or step.found.match is not Match.ALIAS:
                return state
            alias = replace(step.found.records[0], domain=spelled(here))
            aliases.append(alias)
            here = parse_name(alias.rdata)
        return Resolution(status=Status.LOOP, name=spelled(here), aliases=tuple(aliases), own=own)

    async def _step(self, account: Account, name: dns.name.Name, rtype: str) -> _Step:
        zone = await self._zones.enclosing(account.id, name)
        if zone is None:
            return await self._provider_step(account, name, rtype)
        soa = zone.soa and replace(zone.soa, ttl=zone.negative_ttl)
        return _Step(found=zone.look(name, rtype), soa=soa, own=True)

    async def _provider_step(self, account: Account, name: dns.name.Name, rtype: str) -> _Step:
        text = spelled(name)
        try:
            rows = await self._names(account, text, rtype)
            alias = [] if rows or rows is None or rtype == "CNAME" else await self._names(account, text, "CNAME")
        except NotFoundError:
            return _Step(found=Found(match=Match.NO_NAME), soa=await self._provider_soa(account, name))
        if rows is None:
            return _Step(found=None)
        if rows:
            return _Step(found=Found(match=Match.RECORDS, records=_published(text, rtype, rows)))
        if alias:
            return _Step(found=Found(match=Match.ALIAS, records=_published(text, "CNAME", alias)))
        return _Step(found=Found(match=Match.NO_DATA), soa=await self._provider_soa(account, name))

    async def _provider_soa(self, account: Account, name: dns.name.Name) -> Record | None:
        """The start of authority of the provider's zone above a name."""
        for level in range(len(name.labels) - 1):
            above = spelled(dns.name.Name(name.labels[level:]))
            try:
                rows = await self._names(account, above, "SOA")
            except NotFoundError:
                continue
            if rows:
                soa = _published(above, "SOA", rows)[0]
                return replace(soa, ttl=min(soa.ttl, minimum(soa)))
        return None


_DENIALS = frozenset({Match.NO_DATA, Match.NO_NAME})
_STATUS = {
    Match.RECORDS: Status.FOUND,
    Match.ALIAS: Status.FOUND,
    Match.REFERRAL: Status.REFERRAL,
    Match.NO_DATA: Status.NO_DATA,
    Match.NO_NAME: Status.NO_NAME,
}


def _published(name: str, rtype: str, rows: list[str]) -> tuple[Record, ...]:
    owner = domain_name(name)
    return tuple(Record(domain=owner, rtype=rtype, ttl=PROVIDER_TTL, rdata=normal(rtype, row)) for row in rows)
