"""What a writing job works with: the connection, and a way to record events that are published after the commit."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sandbox.core.model import Event

AT_ONCE = 16
"""Rows of one INSERT; bounds the number of its values, and of its forms that are kept prepared."""


class Transaction:
    """One job's part of a transaction."""

    def __init__(self, connection: sqlite3.Connection, numbers: dict[str, int] | None = None) -> None:
        """`numbers` has the last number of tables with AUTOINCREMENT that are known; after a rollback it has none."""
        self.connection = connection
        self._numbers = {} if numbers is None else numbers
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.events: list[Event] = []

    def event(
        self,
        *,
        account: str,
        at: float,
        type: str,  # noqa: A002 - the field's name in the inspection API
        message: str | None = None,
        recipient: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> Event:
        """Record that something happened; it takes part in this transaction."""
        cursor = self.execute(
            "INSERT INTO events (account, at, type, message, recipient, data) VALUES (?, ?, ?, ?, ?, ?)",
            (account, at, type, message, recipient, as_json(data or {})),
        )
        assert cursor.lastrowid is not None
        self._numbers["events"] = cursor.lastrowid
        event = Event(
            id=cursor.lastrowid,
            account=account,
            at=at,
            type=type,
            message=message,
            recipient=recipient,
            data=data or {},
        )
        self.events.append(event)
        return event

    def events_together(self, wishes: Sequence[Mapping[str, Any]]) -> None:
        """Record several events, each as the arguments of `event`, in few statements."""
        first = self.number("events", len(wishes))
        fresh = [Event(id=number, **wish) for number, wish in enumerate(wishes, first)]
        columns = ("id", "account", "at", "type", "message", "recipient", "data")
        self.insert(
            "events",
            columns,
            [(e.id, e.account, e.at, e.type, e.message, e.recipient, as_json(e.data)) for e in fresh],
        )
        self.events += fresh

    def number(self, table: str, rows: int) -> int:
        """The first of as many numbers for rows of a table with AUTOINCREMENT; they have to be inserted at once."""
        last = self._numbers.get(table)
        if last is None:
            row = self.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
            last = int(row[0]) if row else 0
        self._numbers[table] = last + rows
        return last + 1

    def insert(self, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]], conflict: str = "") -> None:
        """Insert rows, many with each statement: the interpreter is let go of once for each, not once for each row.

        `conflict` is the clause that says what becomes of a row that is there already.
        """
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            statement = _insert_statement(table, columns, len(part), conflict)
            self.execute(statement, [value for row in part for value in row])


def as_json(values: Mapping[str, Any]) -> str:
    """A table as it is stored."""
    return json.dumps(dict(values)) if values else "{}"


@lru_cache(maxsize=256)
def _insert_statement(table: str, columns: tuple[str, ...], rows: int, conflict: str) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)} {conflict}"  # noqa: S608 - ours
