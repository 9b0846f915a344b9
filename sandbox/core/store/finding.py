"""Finds the messages that a query asks for: the part of the list that is wanted first, and then how many there are.

The part is found from its end on, and nothing beyond it is looked at. To count means to look at everything; where that
takes longer than somebody who waits for a list should notice, the number is one that there are at least.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sandbox.core.store.tallies import MESSAGES, tally
from sandbox.core.store.words import parts

SQLITE_LARGEST = 2**63 - 1
COUNT_SECONDS = 0.08
"""How long matching messages are counted."""
LEAST = 1000
"""As many are counted in any case, when they are found at once among the newest."""
LEAST_SECONDS = 0.02
STEPS = 4000
"""Instructions of SQLite between two looks at the time."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A condition on the table `messages` (alias `m`) made from a query: SQL with `?`, and the values."""

    sql: str = "1"
    params: tuple[Any, ...] = ()
    tally: str = ""
    """Name of the kept number of messages that fulfil it, if there is one."""
    words: str = ""
    """What the index of words has to say of a message before it is worth asking `sql`; empty: nothing."""

    def narrowed(self) -> Clause:
        """The same condition, with what is asked of the index in its SQL."""
        return (
            replace(self, sql=f"{_INDEX} AND ({self.sql})", params=(self.words, *self.params), words="")
            if self.words
            else self
        )


_INDEX = (
    "m.seq IN (SELECT seq FROM message_words WHERE words MATCH ? UNION ALL SELECT seq FROM messages WHERE indexed = 0)"
)
EVERY = Clause(tally=MESSAGES)
"""Every message."""


@dataclass(frozen=True)
class Part:
    """The part of a list that is wanted."""

    place: int | None
    limit: int
    oldest: bool = False

    def order(self, column: str = "m.seq") -> str:
        """Place, order and limit, after a condition; `column` is the one by which the first table is walked."""
        return (
            f"{column} > ? ORDER BY {column} LIMIT ?" if self.oldest else f"{column} < ? ORDER BY {column} DESC LIMIT ?"
        )

    @property
    def start(self) -> int:
        """The place after which the part begins."""
        return (0 if self.oldest else SQLITE_LARGEST) if self.place is None else self.place


@dataclass(frozen=True, kw_only=True)
class Found:
    """The places of a part of the messages, of one more if there are more, and how many there are of all."""

    seqs: Sequence[int]
    total: int
    exact: bool = True
    """False: there are at least so many."""


def find(connection: sqlite3.Connection, account: str, clause: Clause, part: Part, *, patient: bool = False) -> Found:
    """What fulfils the clause; `patient` counts it all, however long that takes."""
    seconds = None if patient else COUNT_SECONDS
    if clause.tally:
        seqs = _part(connection, account, clause, part)
        return Found(seqs=seqs, total=tally(connection, account, clause.tally))
    if not clause.words and (found := _at_once(connection, account, clause, part, seconds)):
        return found
    seqs = _part(connection, account, clause, part)
    if part.place is None and len(seqs) <= part.limit:
        return Found(seqs=seqs, total=len(seqs))
    total, exact = _count(connection, account, clause, seconds) if clause.words else (0, False)
    if not exact and total < LEAST:
        total = max(total, len(seqs), _at_least(connection, account, clause))
    return Found(seqs=seqs, total=total, exact=exact)


def _at_once(
    connection: sqlite3.Connection, account: str, clause: Clause, part: Part, seconds: float | None
) -> Found | None:
    """All that fulfils the clause, found in the fastest order, counted and cut; None when that takes long."""
    whole = f"SELECT m.seq FROM messages m WHERE m.account = ? AND ({clause.sql})"  # noqa: S608 - values are bound
    wanted = f"SELECT json_group_array(seq) FROM (SELECT m.seq FROM found m WHERE {part.order()})"  # noqa: S608
    sql = f"WITH found (seq) AS MATERIALIZED ({whole}) SELECT (SELECT count(*) FROM found), ({wanted})"  # noqa: S608
    with _limited(connection, seconds) as late:
        row = _row(connection, sql, (account, *clause.params, part.start, part.limit + 1), late)
    return None if row is None else Found(seqs=json.loads(row[1]), total=row[0])


def every(connection: sqlite3.Connection, account: str, clause: Clause) -> list[int]:
    """All messages that fulfil the clause, oldest first."""
    whole = clause.narrowed()
    sql = f"SELECT m.seq FROM messages m WHERE m.account = ? AND ({whole.sql}) ORDER BY m.seq"  # noqa: S608 - bound
    return [seq for (seq,) in connection.execute(sql, (account, *whole.params))]


def _part(connection: sqlite3.Connection, account: str, clause: Clause, part: Part) -> list[int]:
    """The part and one more; with words, from one part of their index after the other until there are enough.

    Where it is known how many there are, nobody looks for another one.
    """
    wanted = part.limit + 1
    if clause.tally:
        wanted = min(wanted, tally(connection, account, clause.tally))
    owned = f"m.account = ? AND ({clause.sql})"
    if not clause.words:
        sql = f"SELECT m.seq FROM messages m WHERE {owned} AND {part.order()}"  # noqa: S608 - values are bound
        return [seq for (seq,) in connection.execute(sql, (account, *clause.params, part.start, wanted))]
    found: list[int] = []
    for sql, params in _sources(connection, account, clause, oldest=part.oldest):
        waiting = sql.startswith(_WAITING)
        if len(found) < wanted or waiting:
            order = part.order("m.seq" if waiting else "w.rowid")
            found += [seq for (seq,) in connection.execute(f"{sql} AND {order}", (*params, part.start, wanted))]
    return sorted(found, reverse=not part.oldest)[:wanted]


_WAITING = "SELECT m.seq FROM messages m INDEXED BY messages_to_index WHERE m.indexed = 0"


def _sources(
    connection: sqlite3.Connection, account: str, clause: Clause, *, oldest: bool = False
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Statements that together find what fulfils a clause with words.

    One for each part of the index, and one for what is not in it yet, which may be anywhere.
    """
    owned = f"m.account = ? AND ({clause.sql})"
    known = parts(connection)
    for one in known if oldest else reversed(known):
        source = f"words_{one} w CROSS JOIN messages m ON m.seq = w.rowid"
        yield (
            f"SELECT m.seq FROM {source} WHERE w.words_{one} MATCH ? AND m.indexed = 1 AND {owned}",  # noqa: S608
            (clause.words, account, *clause.params),
        )
    yield f"{_WAITING} AND {owned}", (account, *clause.params)


def _count(connection: sqlite3.Connection, account: str, clause: Clause, seconds: float | None) -> tuple[int, bool]:
    """How many fulfil a clause with words, and True; or how many were found in time, and False."""
    total, sources = 0, list(_sources(connection, account, clause))
    with _limited(connection, seconds) as late:
        for sql, params in sources:
            row = None if late() else _row(connection, f"SELECT count(*) FROM ({sql})", params, late)  # noqa: S608
            if row is None:
                return total, False
            total += row[0]
    return total, True


def _at_least(connection: sqlite3.Connection, account: str, clause: Clause) -> int:
    """A number of messages that fulfil the clause, found quickly; 0 when that takes its time too."""
    newest = f"SELECT 1 FROM messages m WHERE m.account = ? AND ({clause.sql}) ORDER BY m.seq DESC LIMIT ?"  # noqa: S608
    with _limited(connection, LEAST_SECONDS) as late:
        row = _row(connection, f"SELECT count(*) FROM ({newest})", (account, *clause.params, LEAST), late)  # noqa: S608
    return int(row[0]) if row else 0


def _row(
    connection: sqlite3.Connection, sql: str, params: Sequence[Any], late: Callable[[], bool]
) -> tuple[Any, ...] | None:
    """The one row that a statement gives; None when it was interrupted for being late."""
    try:
        found: tuple[Any, ...] = connection.execute(sql, params).fetchone()
    except sqlite3.OperationalError:
        if late():  # which shows as one of several errors, when it happens within the index of words
            return None
        raise
    return found


@contextmanager
def one_look(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all statements of the context see the same state of the store."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


@contextmanager
def _limited(connection: sqlite3.Connection, seconds: float | None) -> Iterator[Callable[[], bool]]:
    """Interrupt what runs on a connection after so long; gives a function that says whether it is so late already."""
    end = None if seconds is None else time.perf_counter() + seconds

    def late() -> bool:
        return end is not None and time.perf_counter() > end

    if end is not None:
        connection.set_progress_handler(late, STEPS)
    try:
        yield late
    finally:
        connection.set_progress_handler(None, 0)
