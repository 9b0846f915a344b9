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

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
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
            (account, at, type, message, recipient, json.dumps(data) if data else "{}"),
        )
        assert cursor.lastrowid is not None
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
        fresh = [Event(id=number, **wish) for number, wish in enumerate(wishes, self.last_rowid("events") + 1)]
        columns = ("id", "account", "at", "type", "message", "recipient", "data")
        self.insert(
            "events",
            columns,
            [(e.id, e.account, e.at, e.type, e.message, e.recipient, json.dumps(e.data)) for e in fresh],
        )
        self.events += fresh

    def last_rowid(self, table: str) -> int:
        """The greatest number that a table with AUTOINCREMENT has ever given to a row; 0 for a new table."""
        row = self.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    def insert(self, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, many with each statement: the interpreter is let go of once for each, not once for each row."""
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            self.execute(_insert_statement(table, columns, len(part)), [value for row in part for value in row])


@lru_cache(maxsize=256)
def _insert_statement(table: str, columns: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - names are ours
