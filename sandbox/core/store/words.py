"""The index of words in parts: a table of trigrams for each run of messages, and a view over those that exist.

The index only narrows a search: it holds which sequences of three characters a message has, not where, which makes it
a sixth of the size and three times as quick to write. Messages that are removed stay in it until their whole part is
dropped, so removing costs nothing here.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby, pairwise

from sandbox.core.store.database import Transaction
from sandbox.core.store.tallies import MESSAGES
from sandbox.core.store.transaction import AT_ONCE

PARTS = 16
"""About so many parts share the messages; what the index keeps of removed ones is bounded by the size of a part."""
SMALLEST = 2_000
"""Messages that a part is for at least."""
SHORTEST = 3
"""Characters that a searched value needs at least."""
_ASKED = 5
"""Sequences of a value that are looked for; the messages found are compared with all of it anyway."""
_USUAL = " .@-_/:etaoinsrhldcumpfgwybvkxjqz"
"""Characters by how usual they are in mail; all others are rarer still."""


def candidates(value: str) -> str:
    """The expression that messages with this value (of at least `SHORTEST` characters) match, and some others too.

    Every sequence asked for costs as much as there are messages that have it, so the rarest to be expected are taken.
    """
    found = dict.fromkeys(value[at : at + SHORTEST] for at in range(len(value) - SHORTEST + 1))
    rarest = sorted(found, key=_rarity, reverse=True)[:_ASKED]
    return " AND ".join('"' + one.replace('"', '""') + '"' for one in rarest)


def _rarity(sequence: str) -> int:
    return sum(_USUAL.find(one) % (len(_USUAL) + 1) for one in sequence.lower())


def add_words(transaction: Transaction, texts: Iterable[tuple[int, str]]) -> None:
    """Enter messages that are not in the index yet, each by its place and with the text that was read from it."""
    known = _Parts(transaction)
    for part, group in groupby(texts, lambda pair: known.part_of(pair[0])):
        fresh = list(group)
        for start in range(0, len(fresh), AT_ONCE):
            some = fresh[start : start + AT_ONCE]
            transaction.execute(_insert_statement(part, len(some)), [value for pair in some for value in pair])


@lru_cache(maxsize=2 * AT_ONCE)
def _insert_statement(part: int, rows: int) -> str:
    return (
        f"WITH fresh (place, text) AS (VALUES {','.join(['(?, ?)'] * rows)})"  # noqa: S608 - numbers
        f" INSERT INTO words_{part} (rowid, words)"
        " SELECT seq, subject || char(10) || sender || char(10) || to_header || char(10) || rcpt_to || char(10) || text"
        " FROM fresh CROSS JOIN messages ON seq = place WHERE indexed = 0"
    )


class _Parts:
    """The parts while messages are entered; each is called by the first place that it is for."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._known = parts(transaction.connection)
        (messages,) = transaction.execute("SELECT sum(number) FROM tallies WHERE name = ?", (MESSAGES,)).fetchone()
        self._room = max(SMALLEST, (messages or 0) // PARTS)

    def part_of(self, seq: int) -> int:
        """The part that a message belongs to; a new one when the last is full."""
        if seq - self._known[-1] >= self._room:
            self._transaction.execute(
                f"CREATE VIRTUAL TABLE words_{seq}"
                " USING fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'trigram')"
            )
            self._known.append(seq)
            _look_at(self._transaction, self._known)
        return self._known[max(0, bisect_right(self._known, seq) - 1)]


def drop_part(transaction: Transaction) -> bool:
    """Drop one part whose messages are all gone, but never the last; False when there is none."""
    known = parts(transaction.connection)
    for part, following in pairwise(known):
        if not _inhabited(transaction.connection, part, following):
            _look_at(transaction, [one for one in known if one != part])
            transaction.execute(f"DROP TABLE words_{part}")
            return True
    return False


def _inhabited(connection: sqlite3.Connection, first: int, end: int) -> bool:
    sql = "SELECT 1 FROM messages WHERE seq >= ? AND seq < ? LIMIT 1"
    return connection.execute(sql, (first, end)).fetchone() is not None


def parts(connection: sqlite3.Connection) -> list[int]:
    """The parts there are, in order; at least one."""
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE words%'")
    return sorted(int(name.removeprefix("words_")) for (name,) in rows)


def _look_at(transaction: Transaction, shown: list[int]) -> None:
    """Let the view show these parts."""
    selects = [f"SELECT rowid, words_{part} FROM words_{part}" for part in shown]  # noqa: S608 - numbers
    transaction.execute("DROP VIEW message_words")
    transaction.execute(f"CREATE VIEW message_words (seq, words) AS {' UNION ALL '.join(selects)}")
