"""What search and lists need of a message's content, written after the commit and not on the accept path."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.finding import one_look
from sandbox.core.store.transaction import AT_ONCE
from sandbox.core.store.words import add_words


@dataclass(frozen=True, kw_only=True)
class Digest:
    """The searchable form of one message."""

    seq: int
    snippet: str
    body: str
    attachments: int


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Messages to be read."""

    messages: Sequence[tuple[int, bytes]]
    """(seq, octets) of each."""
    more: bool
    """Whether others wait besides."""


class IndexRows:
    """Reads what is not indexed yet and writes digests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, limit: int, octets: int) -> Waiting:
        """Messages without a digest, oldest first: at most `limit`, and at least one if there is one.

        Together they have at most `octets`, and of a larger one only so many are read.
        """
        return await self._database.read(lambda c: _waiting(c, limit, octets))

    async def record(self, digests: Sequence[Digest]) -> None:
        """Store digests; a message deleted meanwhile is left out."""
        await self._database.write(lambda transaction: _record(transaction, digests))


def _record(transaction: Transaction, digests: Sequence[Digest]) -> None:
    add_words(transaction, [(digest.seq, digest.body) for digest in digests])
    for start in range(0, len(digests), AT_ONCE):
        part = digests[start : start + AT_ONCE]
        values = [value for one in part for value in (one.seq, one.snippet, one.body, one.attachments)]
        transaction.execute(_update_statement(len(part)), values)


@lru_cache(maxsize=AT_ONCE)
def _update_statement(rows: int) -> str:
    return (
        f"WITH read (place, snippet, body, attachments) AS (VALUES {','.join(['(?, ?, ?, ?)'] * rows)})"  # noqa: S608
        " UPDATE messages SET indexed = 1, snippet = read.snippet, body = read.body, attachments = read.attachments"
        " FROM read WHERE seq = read.place"
    )


def _waiting(connection: sqlite3.Connection, limit: int, octets: int) -> Waiting:
    with one_look(connection):  # no message may be deleted between the list and its octets
        return _read_waiting(connection, limit, octets)


def _read_waiting(connection: sqlite3.Connection, limit: int, octets: int) -> Waiting:
    sql = "SELECT seq, size FROM messages WHERE indexed = 0 ORDER BY seq LIMIT ?"
    found: list[tuple[int, bytes]] = []
    left = octets
    listed = connection.execute(sql, (limit + 1,)).fetchall()
    for seq, size in listed[:limit]:
        if found and size > left:
            break
        left -= size
        found.append((seq, _beginning(connection, seq, octets) if size > octets else _octets(connection, seq)))
    return Waiting(messages=found, more=len(listed) > len(found))


def _octets(connection: sqlite3.Connection, seq: int) -> bytes:
    return bytes(connection.execute("SELECT octets FROM raws WHERE message = ?", (seq,)).fetchone()[0])


def _beginning(connection: sqlite3.Connection, seq: int, octets: int) -> bytes:
    """The beginning of a large message, without reading the rest; a connection remembers each blob that was opened."""
    with connection.blobopen("raws", "octets", seq, readonly=True) as blob:
        return blob.read(octets)
