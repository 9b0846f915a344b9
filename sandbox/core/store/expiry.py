"""Finds and deletes what retention no longer keeps: the oldest mail, and with it the log of its time."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence

from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.removal import delete_messages, drop_parts, in_slices, tell_of_many
from sandbox.core.store.tallies import MESSAGES, SESSIONS

LOG_ROWS = 1_000
"""Rows of the log that one slice looks at."""


Now = Callable[[str], float]
"""Account → its present, Unix seconds."""


class ExpiryRows:
    """Deletes the oldest of everything; the log hears how much, not what."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked = 0
        """The log up to this event was looked at: what remains there belongs to messages that are kept."""

    async def counts(self) -> tuple[int, int]:
        """How many messages and how many conversations there are, of all accounts."""
        return await self._database.read(lambda c: (_total(c, MESSAGES), _total(c, SESSIONS)))

    async def drop_oldest(self, number: int, now: Now) -> int:
        """Delete the `number` messages that came first, of whatever account; returns how many there were."""
        left = number

        def work(transaction: Transaction, most: int) -> int:
            nonlocal left
            sql = "SELECT seq FROM messages ORDER BY seq LIMIT ?"
            found = [seq for (seq,) in transaction.execute(sql, (min(most, left),))]
            _drop(transaction, found, now)
            left -= len(found)
            return len(found) if left else 0

        await in_slices(self._database, work, rest=True)
        await drop_parts(self._database, number - left)
        return number - left

    async def drop_older(self, account: str, moment: float, now: Now) -> int:
        """Delete what an account accepted, and which of its conversations began, before a moment of its clock."""

        def mail(transaction: Transaction, most: int) -> int:
            sql = "SELECT seq FROM messages WHERE account = ? AND accepted < ? ORDER BY accepted LIMIT ?"
            found = [seq for (seq,) in transaction.execute(sql, (account, moment, most))]
            _drop(transaction, found, now)
            return len(found)

        def talk(transaction: Transaction, most: int) -> int:
            sql = "SELECT id FROM sessions WHERE account = ? AND started < ? ORDER BY started LIMIT ?"
            return _drop_sessions(transaction, sql, (account, moment, most))

        gone = await in_slices(self._database, mail, rest=True)
        await drop_parts(self._database, gone)
        return gone + await in_slices(self._database, talk, rest=True)

    async def drop_sessions(self, number: int) -> int:
        """Delete the `number` conversations that ended first, of whatever account; returns how many there were."""
        left = number

        def work(transaction: Transaction, most: int) -> int:
            nonlocal left
            gone = _drop_sessions(transaction, "SELECT id FROM sessions ORDER BY rowid LIMIT ?", (min(most, left),))
            left -= gone
            return gone if left else 0

        await in_slices(self._database, work, rest=True)
        return number - left

    async def trim_log(self, before: int) -> int:
        """Delete the events with an id below `before` that do not belong to a message which is still there."""
        removed = 0

        def work(transaction: Transaction, most: int) -> int:
            nonlocal removed
            end = min(before, self._looked + LOG_ROWS)
            sql = (
                "DELETE FROM events WHERE id > ? AND id < ? AND (message IS NULL"
                " OR NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = events.message))"
            )
            removed += transaction.execute(sql, (self._looked, end)).rowcount
            self._looked = max(self._looked, end - 1)
            return most if end < before else 0

        if before > self._looked + 1:
            await in_slices(self._database, work, rest=True)
        return removed

    async def horizon(self) -> int:
        """The event with which the oldest message came; the newest event when there is no message."""
        return await self._database.read(_horizon)

    async def first_since(self, moment: float) -> int:
        """The first event from a moment on, of those not looked at yet; the newest when there is none."""
        sql = "SELECT id FROM events WHERE id > ? AND at >= ? ORDER BY id LIMIT 1"
        row = await self._database.read(lambda c: c.execute(sql, (self._looked, moment)).fetchone())
        return int(row[0]) if row else await self.newest()

    async def newest(self) -> int:
        """The newest event of all accounts."""
        return await self._database.read(_newest)

    async def oldest(self) -> dict[str, float]:
        """When each account's oldest message was accepted, or its oldest conversation began."""
        sql = (
            "SELECT account, min(coalesce((SELECT min(accepted) FROM messages m WHERE m.account = t.account), 1e18),"
            " coalesce((SELECT min(started) FROM sessions s WHERE s.account = t.account), 1e18))"
            " FROM (SELECT DISTINCT account FROM tallies) t"
        )
        return dict(await self._database.read(lambda c: c.execute(sql).fetchall()))


def _total(connection: sqlite3.Connection, name: str) -> int:
    sql = "SELECT coalesce(sum(number), 0) FROM tallies WHERE name = ?"
    return int(connection.execute(sql, (name,)).fetchone()[0])


def _drop(transaction: Transaction, seqs: Sequence[int], now: Now) -> None:
    """Delete messages with everything that speaks of them alone."""
    gone = delete_messages(transaction, seqs)
    for table in ("events", "reports"):
        transaction.executemany(f"DELETE FROM {table} WHERE message = ?", [(message,) for _, message in gone])  # noqa: S608 - ours
    for account, count in Counter(account for account, _ in gone).items():
        tell_of_many(transaction, account, now(account), count)


def _drop_sessions(transaction: Transaction, sql: str, params: tuple[object, ...]) -> int:
    found = [name for (name,) in transaction.execute(sql, params)]
    transaction.execute("DELETE FROM sessions WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(found),))
    return len(found)


def _newest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])


def _horizon(connection: sqlite3.Connection) -> int:
    sql = "SELECT min(id) FROM events WHERE message = (SELECT id FROM messages ORDER BY seq LIMIT 1)"
    found = connection.execute(sql).fetchone()[0]
    return _newest(connection) if found is None else int(found)
