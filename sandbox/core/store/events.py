"""The event log: read in the order in which events were committed."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from sandbox.core.model import Event
from sandbox.core.store.database import Database


class EventRows:
    """Reads events; they are written through `Transaction.event`, together with what caused them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(
        self, account: str | None, after: int = 0, *, types: tuple[str, ...] = (), limit: int = 1000
    ) -> list[Event]:
        """At most `limit` events of an account (None: of all) with an id above `after`, and of `types` if any."""
        marks = ",".join("?" * len(types))
        where = f" AND type IN ({marks})" if types else ""
        owner = "1" if account is None else "account = ?"
        sql = f"{_SELECT} WHERE {owner} AND id > ?{where} ORDER BY id LIMIT ?"
        params = (*(() if account is None else (account,)), after, *types, limit)
        return await self._database.read(lambda c: _events(c, sql, params))

    async def between(self, account: str, start: float, end: float, types: tuple[str, ...], limit: int) -> list[Event]:
        """At most `limit` events of an account and of some types, from `start` until before `end` in Unix seconds.

        The newest that there are, in the order in which they were committed.
        """
        marks = ",".join("?" * len(types))
        sql = f"{_SELECT} WHERE account = ? AND at >= ? AND at < ? AND type IN ({marks}) ORDER BY id DESC LIMIT ?"
        found = await self._database.read(lambda c: _events(c, sql, (account, start, end, *types, limit)))
        return found[::-1]

    async def of_message(self, message: str) -> list[Event]:
        """What happened to one message, in order."""
        sql = f"{_SELECT} WHERE message = ? ORDER BY id"
        return await self._database.read(lambda c: _events(c, sql, (message,)))

    async def counts(self, account: str, since: float, width: float) -> list[tuple[int, str, int]]:
        """(bucket, type, how many) of an account's events from the moment `since` on, in buckets of `width` seconds."""
        sql = (
            "SELECT CAST((at - ?) / ? AS INTEGER) AS bucket, type, count(*) FROM events"
            " WHERE account = ? AND at >= ? GROUP BY bucket, type"
        )
        return await self._database.read(lambda c: c.execute(sql, (since, width, account, since)).fetchall())

    async def last_id(self) -> int:
        """The id of the newest event of any account; 0 in an empty store."""
        sql = "SELECT coalesce(max(id), 0) FROM events"
        return await self._database.read(lambda c: int(c.execute(sql).fetchone()[0]))


_SELECT = "SELECT id, account, at, type, message, recipient, data FROM events"


def _events(connection: sqlite3.Connection, sql: str, params: tuple[Any, ...]) -> list[Event]:
    return [_event(row) for row in connection.execute(sql, params)]


def _event(row: tuple[Any, ...]) -> Event:
    return Event(
        id=row[0],
        account=row[1],
        at=row[2],
        type=row[3],
        message=row[4],
        recipient=row[5],
        data=json.loads(row[6]),
    )
