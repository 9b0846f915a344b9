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

    async def of_message(self, message: str) -> list[Event]:
        """What happened to one message, in order."""
        sql = f"{_SELECT} WHERE message = ? ORDER BY id"
        return await self._database.read(lambda c: _events(c, sql, (message,)))

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
