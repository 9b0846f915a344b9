"""The zones of the accounts: found by name, made, changed and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import dns.name

from sandbox.core.accounts import Account
from sandbox.core.dns.changes import Change, Operation, Records, change, check, patch
from sandbox.core.dns.records import Record, domain_name, normal, parse_name, spelled
from sandbox.core.dns.zone import Zone
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Resource
from sandbox.core.store import Store

T = TypeVar("T")
TTL = 86_400
"""Seconds that the records which come with a zone live."""
SOA_TIMES = "3600 600 604800 1800"
"""Refresh, retry, expire, and how long negative answers may be kept."""


class Zones:
    """Every zone of one sandbox. Those of an account have different names; two accounts may have the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changing = asyncio.Lock()
        self._views: dict[tuple[str, str], tuple[Resource, Zone]] = {}

    async def conclude(self, question: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The answer to a question that depends on zones and other resources only, as `Resources.conclude` keeps it."""
        return await self._store.resources.conclude(question, work)

    async def all(self, account: str) -> list[Resource]:
        """The zones of an account, oldest first."""
        return await self._store.resources.all(account, "dns", "zone")

    async def find(self, account: str, name_or_id: str) -> Resource | None:
        """A zone by its id or its name, or None."""
        found = await self._store.resources.get(account, "dns", "zone", name_or_id)
        return found or await self._store.resources.find(account, "dns", "zone", name_or_id.lower().rstrip("."))

    async def enclosing(self, account: str, name: dns.name.Name) -> Zone | None:
        """The zone of the account that `name` lies in, the deepest of several; None when it lies in none."""
        if not await self.all(account):  # delivery asks for every recipient, and most accounts have no zone
            return None
        for level in range(len(name.labels) - 1):
            wanted = spelled(dns.name.Name(name.labels[level:]))
            found = await self._store.resources.find(account, "dns", "zone", wanted)
            if found is not None:
                return self.view(found)
        return None

    def view(self, resource: Resource) -> Zone:
        """The records of a zone, ready for questions."""
        place = (resource.account, resource.id)
        known = self._views.get(place)
        if known is None or known[0] is not resource:
            known = self._views[place] = (resource, Zone(resource.key, records_of(resource)))
        return known[1]

    async def create(
        self,
        account: Account,
        name: str,
        *,
        zone_id: str,
        servers: Sequence[str],
        more: Mapping[str, Any] | None = None,
        records: Iterable[Record] = (),
    ) -> Resource:
        """A new zone with its SOA and name servers; `more` is kept in its data.

        Raises `RecordError` for a name or records that can't be, `DuplicateKeyError` when the account has such a zone.
        """
        origin, now = domain_name(name), account.clock.now()
        serial = int(now)
        together = check(origin, [*_apex(origin, servers, serial), *records])
        zone = Resource(
            account=account.id,
            provider="dns",
            kind="zone",
            id=zone_id,
            key=origin,
            data={**(more or {}), "version": 1, "serial": serial, "records": [_stored(one, 1) for one in together]},
            created=now,
            updated=now,
        )
        return await self._store.resources.add(zone)

    async def edit(
        self,
        account: Account,
        zone: Resource,
        work: Callable[[Records], Records],
        guard: Callable[[Resource], None] = lambda _: None,
    ) -> Resource:
        """Replace the records of a zone by what `work` makes of them; a difference makes a new version.

        Raises what `work` raises, or `guard`, which sees the zone before; nothing changes then. `NotFoundError` when
        the zone is gone.
        """
        async with self._changing:
            current = await self._current(zone)
            guard(current)
            before = records_of(current)
            after = work(before)
            if set(after) == set(before):
                return current
            return await self._store.resources.change(
                current, account.clock.now(), lambda data: {**data, **_next(data, before, after)}
            )

    async def describe(
        self,
        account: Account,
        zone: Resource,
        more: Mapping[str, Any],
        guard: Callable[[Resource], None] = lambda _: None,
    ) -> Resource:
        """Replace what is kept of a zone besides its records; raises as `edit` does."""
        async with self._changing:
            current = await self._current(zone)
            guard(current)
            return await self._store.resources.change(current, account.clock.now(), lambda data: {**data, **more})

    async def _current(self, zone: Resource) -> Resource:
        found = await self._store.resources.get(zone.account, "dns", "zone", zone.id)
        if found is None:
            raise NotFoundError(f"there is no zone {zone.key}")
        return found

    async def remove(self, zone: Resource) -> None:
        """Forget a zone with its records."""
        async with self._changing:
            await self._store.resources.remove(zone)
            self._views.pop((zone.account, zone.id), None)

    async def add(self, account: Account, name: str, rtype: str, rdata: str, ttl: int = 3600) -> Resource:
        """Publish a record in the zone that `name` lies in; `NotFoundError` when there is none, `RecordError`."""
        return await self._patch(account, change(Operation.ADD, name, rtype=rtype, rdata=rdata, ttl=ttl))

    async def withdraw(self, account: Account, name: str, rtype: str | None = None) -> Resource:
        """Remove the records at `name`, of one type or of all; `NotFoundError` when it lies in no zone."""
        return await self._patch(account, change(Operation.REMOVE, name, rtype=rtype))

    async def _patch(self, account: Account, wish: Change) -> Resource:
        view = await self.enclosing(account.id, parse_name(wish.domain))
        zone = None if view is None else await self.find(account.id, view.name)
        if zone is None:
            raise NotFoundError(f"{wish.domain} lies in no zone of the account")
        return await self.edit(account, zone, lambda records: patch(zone.key, records, [wish]))


def records_of(zone: Resource) -> Records:
    """The records of a stored zone."""
    return tuple(
        Record(
            domain=row["domain"],
            rtype=row["rtype"],
            ttl=row["ttl"],
            rdata=row["rdata"],
            version=row.get("version", 0),
            protected=row.get("protected", False),
        )
        for row in zone.data.get("records", ())
    )


def _apex(origin: str, servers: Sequence[str], serial: int) -> list[Record]:
    soa = normal("SOA", f"{servers[0]} hostmaster.{origin} {serial} {SOA_TIMES}")
    rows = [("SOA", soa), *(("NS", normal("NS", server)) for server in servers)]
    return [Record(domain=origin, rtype=rtype, ttl=TTL, rdata=rdata, protected=True) for rtype, rdata in rows]


def _stored(record: Record, version: int) -> dict[str, Any]:
    row = {"domain": record.domain, "rtype": record.rtype, "ttl": record.ttl, "rdata": record.rdata, "version": version}
    return {**row, "protected": True} if record.protected else row


def _next(data: Mapping[str, Any], before: Records, after: Records) -> dict[str, Any]:
    """The next version of a zone's data: its serial counts on, and sets that did not change keep their version."""
    version, serial = data["version"] + 1, (data["serial"] + 1) % 2**32
    old, new = _sets(before), _sets(after)
    versions = {(record.domain, record.rtype): record.version for record in before if record.rtype != "SOA"}
    records = []
    for record in after:
        place = (record.domain, record.rtype)
        same = place in versions and old[place] == new[place]
        records.append(_stored(_renumbered(record, serial), versions[place] if same else version))
    return {"version": version, "serial": serial, "records": records}


def _sets(records: Records) -> dict[tuple[str, str], set[Record]]:
    found: dict[tuple[str, str], set[Record]] = {}
    for record in records:
        found.setdefault((record.domain, record.rtype), set()).add(record)
    return found


def _renumbered(record: Record, serial: int) -> Record:
    if record.rtype != "SOA":
        return record
    parts = record.rdata.split(" ")
    return replace(record, rdata=" ".join([*parts[:2], str(serial), *parts[3:]]))
