"""What search and lists need of a message's content, written after the commit and not on the accept path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.core.store.database import Database, Transaction
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

    async def waiting(self, limit: int) -> list[tuple[int, bytes]]:
        """(seq, octets) of at most `limit` messages without a digest, oldest first."""
        sql = (
            "SELECT m.seq, r.octets FROM messages m JOIN raws r ON r.message = m.seq"
            " WHERE m.indexed = 0 ORDER BY m.seq LIMIT ?"
        )
        return await self._database.read(lambda c: c.execute(sql, (limit,)).fetchall())

    async def record(self, digests: Sequence[Digest]) -> None:
        """Store digests; a message deleted meanwhile is left out."""
        await self._database.write(lambda transaction: _record(transaction, digests))


def _record(transaction: Transaction, digests: Sequence[Digest]) -> None:
    add_words(transaction, [(digest.seq, digest.body) for digest in digests])
    transaction.executemany(
        "UPDATE messages SET indexed = 1, snippet = ?, body = ?, attachments = ? WHERE seq = ?",
        [(digest.snippet, digest.body, digest.attachments, digest.seq) for digest in digests],
    )
