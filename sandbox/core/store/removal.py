"""Takes much out of the store a slice at a time, so that nobody who writes meanwhile waits long."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.tallies import MESSAGES, SESSIONS, forget_tallies, tally
from sandbox.core.store.words import drop_part

SLICE_SECONDS = 0.02
"""What one slice takes of the writer's time, besides its commit."""
STEP = 20
"""Rows that are taken out before the time is looked at."""
LISTED = 1000
"""Removed messages that get an event each; more of them share one."""

Slice = Callable[[Transaction, int], int]
"""Takes at most so many rows out; returns how many it did. Fewer than it may: there are no more."""


@dataclass(frozen=True, kw_only=True)
class Removed:
    """How the event log tells that messages were removed."""

    account: str
    at: float


async def in_slices(database: Database, work: Slice, *, rest: bool = False) -> int:
    """Do `work` again and again until nothing is left for it; returns how many rows went.

    Each slice is durable by itself and takes `SLICE_SECONDS`; then whoever waits is served before the next. With
    `rest`, others have the writer for as long after each slice: for what nobody waits for.
    """
    total, more = 0, True
    while more:
        taken, more, began = await database.write(lambda transaction: _slice(transaction, work))
        total += taken
        await asyncio.sleep(time.perf_counter() - began if rest else 0)
    return total


def _slice(transaction: Transaction, work: Slice) -> tuple[int, bool, float]:
    """How much `work` did, whether there may be more, and when it began: the wait before that is others' time."""
    total, began = 0, time.perf_counter()
    while True:
        taken = work(transaction, STEP)
        total += taken
        if taken < STEP or time.perf_counter() - began > SLICE_SECONDS:
            return total, taken >= STEP, began


async def remove_in_slices(database: Database, found: Sequence[int], told: Removed) -> int:
    """Remove messages by their places; those that are gone already don't count."""
    listed, start, removed = len(found) <= LISTED, 0, 0

    def work(transaction: Transaction, most: int) -> int:
        nonlocal start, removed
        part = found[start : start + most]
        gone = delete_messages(transaction, part)
        for _, message in gone if listed else ():
            transaction.event(account=told.account, at=told.at, type="message.removed", message=message)
        start, removed = start + len(part), removed + len(gone)
        if part and not listed and start >= len(found):
            tell_of_many(transaction, told.account, told.at, removed)
        return len(part)

    if found:
        await in_slices(database, work)
        await drop_parts(database, len(found))
    return removed


def delete_messages(transaction: Transaction, seqs: Sequence[int]) -> list[tuple[str, str]]:
    """Delete messages with their octets and recipients; returns (account, id) of those that were there."""
    sql = "DELETE FROM messages WHERE seq IN (SELECT value FROM json_each(?)) RETURNING account, id"
    return transaction.execute(sql, (json.dumps(seqs),)).fetchall()


def tell_of_many(transaction: Transaction, account: str, at: float, count: int) -> None:
    """One event for many removed messages."""
    transaction.event(account=account, at=at, type="messages.removed", data={"count": count})


async def drop_parts(database: Database, removed: int) -> None:
    """Drop the parts of the index of words that so many removed messages may have left empty."""
    while removed >= STEP and await database.write(drop_part):
        continue


async def clear(database: Database, account: str) -> None:
    """Forget everything of an account but the account itself: at once, or in slices when that would take long."""
    if await database.write(lambda transaction: _clear_little(transaction, account), quick=True):
        return
    removed = 0
    for table, key in _LARGE:
        gone = await in_slices(database, await _oldest(database, table, key, account))
        removed += gone if table == "messages" else 0
    await database.write(lambda transaction: _clear(transaction, account))
    await drop_parts(database, removed)


_LARGE = (("messages", "seq"), ("events", "id"), ("sessions", "rowid"))
"""Tables that grow, and what counts their rows."""
_ALL = ("messages", "events", "sessions", "resources", "usage", "reports", "soft_bounces")


async def _oldest(database: Database, table: str, key: str, account: str) -> Slice:
    """Takes out what an account has in a table by now, the oldest first."""
    (last,) = await database.read(lambda c: c.execute(f"SELECT max({key}) FROM {table}").fetchone())  # noqa: S608 - ours
    after = 0
    sql = (
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {_owned(table, account)}"  # noqa: S608
        f" AND {key} > ? AND {key} <= ? ORDER BY {key} LIMIT ?) RETURNING {key}"
    )

    def work(transaction: Transaction, most: int) -> int:
        nonlocal after
        gone = transaction.execute(sql, (account, after, last or 0, most)).fetchall()
        after = max((number for (number,) in gone), default=after)
        return len(gone)

    return work


def _owned(table: str, account: str) -> str:
    """A condition that finds an account's rows by an index, where there is one."""
    return "account = ? AND account <> 'default'" if table == "events" and account != "default" else "account = ?"


def _clear_little(transaction: Transaction, account: str) -> bool:
    """Clear an account that has little, as almost every test's has; False when it has much."""
    if sum(tally(transaction.connection, account, name) for name in (MESSAGES, SESSIONS)) > LISTED:
        return False
    _clear(transaction, account)
    return True


def _clear(transaction: Transaction, account: str) -> None:
    for table in _ALL:
        transaction.execute(f"DELETE FROM {table} WHERE {_owned(table, account)}", (account,))  # noqa: S608 - ours
    forget_tallies(transaction, account)
