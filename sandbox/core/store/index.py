"""What search and lists need of a message's content, written after the commit and not on the accept path."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.finding import one_look
from sandbox.core.store.words import add_words


@dataclass(frozen=True, kw_only=True)
class Digest:
    """The searchable form of one message."""

    seq: int
    snippet: str
    body: str
    attachments: int


class IndexRows:
    """Reads what is not indexed yet and writes digests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, limit: int, octets: int) -> list[tuple[int, bytes]]:
        """(seq, octets) of messages without a digest, oldest first: at most `limit`, and at least one if there is one.

        Together they have at most `octets`, and of a larger one only so many are read.
        """
        return await self._database.read(lambda c: _waiting(c, limit, octets))

    async def record(self, digests: Sequence[Digest]) -> None:
        """Store digests; a message deleted meanwhile is left out."""
        await self._database.write(lambda transaction: _record(transaction, digests))


def _record(transaction: Transaction, digests: Sequence[Digest]) -> None:
    add_words(transaction, [(digest.seq, digest.body) for digest in digests])
    transaction.executemany(
        "UPDATE messages SET indexed = 1, snippet = ?, body = ?, attachments = ? WHERE seq = ?",
        [(digest.snippet, digest.body, digest.attachments, digest.seq) for digest in digests],
    )


def _waiting(connection: sqlite3.Connection, limit: int, octets: int) -> list[tuple[int, bytes]]:
    with one_look(connection):  # no message may be deleted between the list and its octets
        return _read_waiting(connection, limit, octets)


def _read_waiting(connection: sqlite3.Connection, limit: int, octets: int) -> list[tuple[int, bytes]]:
    sql = "SELECT seq, size FROM messages WHERE indexed = 0 ORDER BY seq LIMIT ?"
    found: list[tuple[int, bytes]] = []
    left = octets
    for seq, size in connection.execute(sql, (limit,)).fetchall():
        if found and size > left:
            break
        left -= size
        found.append((seq, _beginning(connection, seq, octets) if size > octets else _octets(connection, seq)))
    return found


def _octets(connection: sqlite3.Connection, seq: int) -> bytes:
    return bytes(connection.execute("SELECT octets FROM raws WHERE message = ?", (seq,)).fetchone()[0])


def _beginning(connection: sqlite3.Connection, seq: int, octets: int) -> bytes:
    """The beginning of a large message, without reading the rest; a connection remembers each blob that was opened."""
    with connection.blobopen("raws", "octets", seq, readonly=True) as blob:
        return blob.read(octets)
