"""What providers' control planes manage, in one table, with look-ups that cost no disk access on the accept path."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sandbox.core.model import Resource
from sandbox.core.store.database import Database, Transaction

FEW = 32
"""Rows that are stored on the event loop, which takes less than to hand them to a thread."""


@dataclass(slots=True)
class _Shelf:
    """Every resource of one kind, in memory."""

    by_id: dict[tuple[str, str], Resource] = field(default_factory=dict)
    by_key: dict[tuple[str, str], Resource] = field(default_factory=dict)
    owners: dict[str, list[Resource]] = field(default_factory=dict)
    accounts: dict[str, dict[str, Resource]] = field(default_factory=dict)
    in_order: dict[str, list[Resource]] = field(default_factory=dict)
    """Each account's resources, oldest first; made when asked for, forgotten when one changes."""

    def put(self, resource: Resource) -> None:
        self.drop(resource.account, resource.id)
        self.by_id[resource.account, resource.id] = resource
        self.by_key[resource.account, resource.key] = resource
        self.owners.setdefault(resource.key, []).append(resource)
        self.accounts.setdefault(resource.account, {})[resource.id] = resource
        self.in_order.pop(resource.account, None)

    def sorted(self, account: str) -> list[Resource]:
        found = self.in_order.get(account)
        if found is None:
            rows = self.accounts.get(account, {}).values()
            found = self.in_order[account] = sorted(rows, key=lambda row: (row.created, row.id))
        return found

    def drop(self, account: str, resource_id: str) -> None:
        old = self.by_id.pop((account, resource_id), None)
        if old is not None:
            self.by_key.pop((account, old.key), None)
            del self.accounts[account][resource_id]
            self.in_order.pop(account, None)
            self.owners[old.key].remove(old)
            if not self.owners[old.key]:
                del self.owners[old.key]


class DuplicateKeyError(Exception):
    """Another resource of the same account and kind has this key."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A change that is still to be made, to whatever is stored by then."""

    resource: Resource
    """Which one; its data may be older than what is stored."""
    at: float
    """Moment of the change, Unix seconds."""
    edit: Callable[[dict[str, Any]], dict[str, Any]]
    """Old data → new data. It runs in the writer's thread: it must not touch anything else, and may raise to refuse."""


T = TypeVar("T")
CONCLUSIONS = 10_000
"""Answers that are remembered until a resource changes."""


class Resources:
    """Reads from memory, writes through to the table; the memory changes only after the commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelves: dict[tuple[str, str], _Shelf] = {}
        self.concluded: dict[Hashable, Any] = {}
        """The answers of `conclude`; every change begins an empty one."""

    def _put(self, shelf: _Shelf, resource: Resource) -> None:
        shelf.put(resource)
        self.concluded = {}

    async def conclude(self, question: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """What follows from the resources as they are now: `work` finds out, who asks the same again is told at once.

        The answer must depend on resources alone, neither on the clock nor on the world outside.
        """
        known = self.concluded  # what is concluded while something changes is forgotten with the old state
        if question in known:
            found: T = known[question]
            return found
        if len(known) >= CONCLUSIONS:
            known.clear()
        found = known[question] = await work()
        return found

    async def _shelf(self, provider: str, kind: str) -> _Shelf:
        shelf = self._shelves.get((provider, kind))
        if shelf is None:
            rows = await self._database.read(lambda c: _load(c, provider, kind))
            shelf = self._shelves.get((provider, kind))
            if shelf is None:  # nobody else loaded it meanwhile
                shelf = self._shelves[provider, kind] = _Shelf()
                for resource in rows:
                    shelf.put(resource)
        return shelf

    def forget(self, account: str) -> None:
        """Drop what is in memory of an account, after it was taken out of the table."""
        for shelf in self._shelves.values():
            for resource_id in list(shelf.accounts.get(account, ())):
                shelf.drop(account, resource_id)
        self.concluded = {}

    # The next four are asked several times for each message: what is in memory costs no second coroutine.

    async def get(self, account: str, provider: str, kind: str, resource_id: str) -> Resource | None:
        """The resource with this id, or None."""
        shelf = self._shelves.get((provider, kind)) or await self._shelf(provider, kind)
        return shelf.by_id.get((account, resource_id))

    async def find(self, account: str, provider: str, kind: str, key: str) -> Resource | None:
        """The account's resource with this key, or None."""
        shelf = self._shelves.get((provider, kind)) or await self._shelf(provider, kind)
        return shelf.by_key.get((account, key))

    async def anywhere(self, provider: str, kind: str, key: str) -> list[Resource]:
        """Resources with this key in any account: how a credential selects its account."""
        shelf = self._shelves.get((provider, kind)) or await self._shelf(provider, kind)
        return list(shelf.owners.get(key, ()))

    async def all(self, account: str, provider: str, kind: str) -> list[Resource]:
        """All of an account's resources of a kind, oldest first."""
        shelf = self._shelves.get((provider, kind)) or await self._shelf(provider, kind)
        return list(shelf.sorted(account))

    async def owned(self, account: str) -> list[Resource]:
        """Everything that an account owns, of every provider and kind, oldest first of each."""
        return await self._database.read(lambda c: _owned(c, account))

    async def add(self, resource: Resource) -> Resource:
        """Store a new resource; `DuplicateKeyError` when its key is taken."""
        return (await self.add_all([resource]))[0]

    async def add_all(self, resources: Iterable[Resource]) -> list[Resource]:
        """Store several in one commit, all or none; `DuplicateKeyError` when a key is taken."""
        batch = list(resources)
        for provider, kind in {(resource.provider, resource.kind) for resource in batch}:
            await self._shelf(provider, kind)
        await self._database.write(lambda transaction: _insert(transaction, batch), quick=len(batch) <= FEW)
        for resource in batch:
            self._put(await self._shelf(resource.provider, resource.kind), resource)
        return batch

    async def adopt(self, resources: Iterable[Resource]) -> None:
        """Take resources into memory that a transaction stored through `insert_if_absent`."""
        for resource in resources:
            self._put(await self._shelf(resource.provider, resource.kind), resource)

    async def change(
        self, resource: Resource, now: float, edit: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Resource:
        """Replace the resource's data with `edit(data)`; the data as stored then, not the caller's copy.

        `edit` runs in the writer's thread, where no other change comes between; what it raises is raised here, and
        nothing is changed then. A resource that was removed meanwhile stays removed.
        """
        await self._shelf(resource.provider, resource.kind)
        wish = Edit(resource=resource, at=now, edit=edit)
        changed = await self._database.write(lambda transaction: edit_stored(transaction, wish))
        if changed is None:
            return replace(resource, data=edit(dict(resource.data)), updated=now)
        await self._refresh(changed)
        return changed

    async def change_all(self, edits: Iterable[Edit], fresh: Iterable[Resource] = ()) -> list[Resource]:
        """Make several changes and store new resources in one commit, all or none; returns what was changed.

        Raises what an edit raises, and `DuplicateKeyError`.
        """
        wishes, batch = list(edits), list(fresh)
        for one in [*(wish.resource for wish in wishes), *batch]:
            await self._shelf(one.provider, one.kind)
        changed = await self._database.write(lambda transaction: _change_all(transaction, wishes, batch))
        for row in changed:
            await self._refresh(row)
        for row in batch:
            self._put(await self._shelf(row.provider, row.kind), row)
        return changed

    async def renew(self, resources: Iterable[Resource]) -> None:
        """Take resources into memory that a transaction changed through `edit_stored`."""
        for resource in resources:
            await self._refresh(resource)

    async def _refresh(self, changed: Resource) -> None:
        shelf = await self._shelf(changed.provider, changed.kind)
        if (changed.account, changed.id) in shelf.by_id:  # it may have been removed meanwhile
            self._put(shelf, changed)

    async def remove(self, resource: Resource) -> None:
        """Delete a resource; deleting twice is no error."""
        shelf = await self._shelf(resource.provider, resource.kind)
        await self._database.write(lambda transaction: _delete(transaction, resource))
        shelf.drop(resource.account, resource.id)
        self.concluded = {}


_IDENTITY = "account = ? AND provider = ? AND kind = ? AND id = ?"


_SELECT = "SELECT account, provider, kind, id, key, data, created, updated FROM resources"


def _load(connection: sqlite3.Connection, provider: str, kind: str) -> list[Resource]:
    return _resources(connection.execute(f"{_SELECT} WHERE provider = ? AND kind = ?", (provider, kind)))


def _owned(connection: sqlite3.Connection, account: str) -> list[Resource]:
    order = "ORDER BY provider, kind, created, id"
    return _resources(connection.execute(f"{_SELECT} WHERE account = ? {order}", (account,)))


def _resources(rows: Iterable[tuple[Any, ...]]) -> list[Resource]:
    return [
        Resource(
            account=row[0],
            provider=row[1],
            kind=row[2],
            id=row[3],
            key=row[4],
            data=json.loads(row[5]),
            created=row[6],
            updated=row[7],
        )
        for row in rows
    ]


def insert_if_absent(transaction: Transaction, resource: Resource) -> bool:
    """Store a resource as part of a larger transaction; False when its key is taken. Then `Resources.adopt` it."""
    cursor = transaction.execute(
        "INSERT OR IGNORE INTO resources (account, provider, kind, id, key, data, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        _row(resource),
    )
    return bool(cursor.rowcount)


def edit_stored(transaction: Transaction, wish: Edit) -> Resource | None:
    """Change a stored resource as part of a larger transaction; None when it is gone. Then `Resources.renew` it."""
    row = transaction.execute(
        f"SELECT data FROM resources WHERE {_IDENTITY}",  # noqa: S608 - a constant
        _identity(wish.resource),
    ).fetchone()
    if row is None:
        return None
    changed = replace(wish.resource, data=wish.edit(json.loads(row[0])), updated=wish.at)
    _update(transaction, changed)
    return changed


def _change_all(transaction: Transaction, edits: Iterable[Edit], fresh: Iterable[Resource]) -> list[Resource]:
    changed = [edit_stored(transaction, wish) for wish in edits]
    _insert(transaction, fresh)
    return [row for row in changed if row is not None]


def _row(resource: Resource) -> tuple[Any, ...]:
    data = json.dumps(dict(resource.data))
    return (*_identity(resource), resource.key, data, resource.created, resource.updated)


def _insert(transaction: Transaction, resources: Iterable[Resource]) -> None:
    try:
        transaction.executemany(
            "INSERT INTO resources (account, provider, kind, id, key, data, created, updated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(resource) for resource in resources],
        )
    except sqlite3.IntegrityError as error:
        raise DuplicateKeyError(str(error)) from error


def _update(transaction: Transaction, resource: Resource) -> None:
    transaction.execute(
        f"UPDATE resources SET data = ?, updated = ? WHERE {_IDENTITY}",  # noqa: S608 - a constant
        (json.dumps(dict(resource.data)), resource.updated, *_identity(resource)),
    )


def _delete(transaction: Transaction, resource: Resource) -> None:
    transaction.execute(f"DELETE FROM resources WHERE {_IDENTITY}", _identity(resource))  # noqa: S608 - a constant


def _identity(resource: Resource) -> tuple[str, str, str, str]:
    return (resource.account, resource.provider, resource.kind, resource.id)
