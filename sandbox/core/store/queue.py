"""The delivery queue: recipients with a due time, in the same table that shows their outcome."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.core.model import Outcome
from sandbox.core.store.database import Database, Transaction


@dataclass(frozen=True, kw_only=True)
class Due:
    """A recipient for whom delivery has something to do."""

    seq: int
    message: str
    provider: str
    position: int
    address: str
    due: float
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """What an attempt came to."""

    due: Due
    outcome: Outcome
    detail: str
    at: float
    again: float | None = None
    """When to try again, for a deferral."""


class QueueRows:
    """Reads what is due and records what became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_due(self) -> dict[str, float]:
        """The earliest due moment of each account that has one."""
        sql = (
            "SELECT m.account, min(r.due) FROM recipients r JOIN messages m ON m.seq = r.message"
            " WHERE r.due IS NOT NULL GROUP BY m.account"
        )
        return dict(await self._database.read(lambda c: c.execute(sql).fetchall()))

    async def due(self, account: str, now: float, limit: int) -> list[Due]:
        """At most `limit` recipients of the account that are due at `now`, the earliest first."""
        return await self._database.read(lambda c: _due(c, account, now, limit))

    async def record(self, account: str, attempts: Sequence[Attempted]) -> None:
        """Make the outcomes durable, with one event for each; a message deleted meanwhile is left out."""
        await self._database.write(lambda transaction: _record(transaction, account, attempts))


def _due(connection: sqlite3.Connection, account: str, now: float, limit: int) -> list[Due]:
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT r.message, m.id, m.provider, r.position, r.address, r.due, r.attempts FROM recipients r"
        " JOIN messages m ON m.seq = r.message WHERE r.due <= ? AND m.account = ?"
        " ORDER BY r.due, r.message, r.position LIMIT ?",
        (now, account, limit),
    ).fetchall()
    return [
        Due(seq=row[0], message=row[1], provider=row[2], position=row[3], address=row[4], due=row[5], attempts=row[6])
        for row in rows
    ]


def _record(transaction: Transaction, account: str, attempts: Sequence[Attempted]) -> None:
    for attempt in attempts:
        due = attempt.due
        cursor = transaction.execute(
            "UPDATE recipients SET outcome = ?, detail = ?, due = ?, attempts = attempts + 1"
            " WHERE message = ? AND position = ? AND due IS NOT NULL",
            (attempt.outcome, attempt.detail, attempt.again, due.seq, due.position),
        )
        if cursor.rowcount:
            transaction.event(
                account=account,
                at=attempt.at,
                type=f"recipient.{attempt.outcome}",
                message=due.message,
                recipient=due.address,
                data={"provider": due.provider, "detail": attempt.detail, "attempt": due.attempts + 1},
            )
