"""Messages and their recipients: accepted in one transaction, listed, read, marked, removed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.core.model import Channel, Envelope, MessageRecord, Outcome, RecipientRecord, Resource
from sandbox.core.store.acceptance import Accepted, store_accepted
from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.finding import EVERY, Clause, Part, every, find, one_look
from sandbox.core.store.removal import Removed, remove_in_slices
from sandbox.core.store.resources import Edit
from sandbox.core.store.tallies import MESSAGES, UNREAD, outcomes, tally

__all__ = ["EVERY", "Clause", "MessageRows", "Page"]
SQLITE_VARIABLES = 900
"""How many values one statement may name; SQLite's own floor is 999."""
QUICK = 262_144
"""Octets up to which a message is stored in no time."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Part of a list, newest first; `next` continues it, None at its end."""

    items: Sequence[MessageRecord]
    next: int | None
    total: int
    exact: bool = True
    """Whether `total` is all there are; False: there are at least so many."""


class MessageRows:
    """Reads and writes messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(
        self, record: MessageRecord, raw: bytes, events: Sequence[Mapping[str, Any]], edits: Sequence[Edit] = ()
    ) -> list[Resource]:
        """Make a message, its recipients, its share of the quota and its events durable, all or nothing.

        `edits` are made in the same transaction; returns what they changed.
        """
        accepted = Accepted(record=record, raw=raw, events=events, edits=edits)
        return await self._database.write_together(store_accepted, accepted, quick=len(raw) < QUICK)

    async def take_in(self, record: MessageRecord, raw: bytes, event: Mapping[str, Any]) -> None:
        """Make a message durable as it was elsewhere, with its flags."""
        await self._database.write(lambda transaction: _take_in(transaction, record, raw, event))

    async def owner(self, message: str) -> str | None:
        """The account that a message belongs to, None when there is no such message."""
        sql = "SELECT account FROM messages WHERE id = ?"
        row = await self._database.read(lambda c: c.execute(sql, (message,)).fetchone())
        return None if row is None else str(row[0])

    async def page(
        self,
        account: str,
        clause: Clause,
        *,
        place: int | None = None,
        limit: int = 50,
        oldest: bool = False,
        patient: bool = False,
    ) -> Page:
        """At most `limit` messages that fulfil `clause` from after the cursor `place` on: newest or oldest first.

        All that fulfil it are counted as far as that takes no time to speak of, and with `patient` in any case.
        """
        part = Part(place, limit, oldest=oldest)
        return await self._database.read(lambda c: _page(c, account, clause, part, patient=patient))

    async def get(self, account: str, message: str) -> MessageRecord | None:
        """One message of the account, or None."""
        clause = Clause(sql="m.id = ?", params=(message,))
        page = await self.page(account, clause, limit=1)
        return page.items[0] if page.items else None

    async def by_envelope(self, account: str, provider: str, envelope_id: str) -> MessageRecord | None:
        """The message to which the provider gave this envelope id, or None."""
        clause = Clause(sql="m.envelope_id = ? AND m.provider = ?", params=(envelope_id, provider))
        page = await self.page(account, clause, limit=1)
        return page.items[0] if page.items else None

    async def raw(self, account: str, message: str) -> bytes | None:
        """The octets as accepted, or None."""
        sql = "SELECT octets FROM raws JOIN messages m ON m.seq = raws.message WHERE m.account = ? AND m.id = ?"
        row = await self._database.read(lambda c: c.execute(sql, (account, message)).fetchone())
        return None if row is None else bytes(row[0])

    async def remove(self, account: str, clause: Clause, at: float) -> int:
        """Delete the messages that fulfil `clause` by now; returns how many there were.

        Many go in slices, between which others write: what is accepted meanwhile stays.
        """
        found = await self._database.read(lambda c: every(c, account, clause))
        return await remove_in_slices(self._database, found, Removed(account=account, at=at))

    async def mark(
        self,
        account: str,
        message: str,
        at: float,
        *,
        read: bool | None = None,
        tags: Sequence[str] | None = None,
    ) -> bool:
        """Set the read flag, the tags, or both; False when there is no such message."""
        return await self._database.write(lambda t: _mark(t, account, message, at, read, tags))

    async def counts(self, account: str) -> dict[str, int]:
        """How many messages there are, how many unread, and recipients by outcome."""
        return await self._database.read(lambda c: _counts(c, account))


_COLUMNS = (
    "m.seq, m.id, m.account, m.provider, m.channel, m.session, m.mail_from, m.helo, m.client, m.user, m.sender,"
    " m.to_header, m.subject, m.message_id, m.envelope_id, m.accepted, m.size, m.sha256, m.units, m.read, m.tags,"
    " m.mail_params, m.attributes, m.snippet, m.attachments, m.rcpt_to,"
    " m.rcpt_params"
)


def _take_in(transaction: Transaction, record: MessageRecord, raw: bytes, event: Mapping[str, Any]) -> None:
    store_accepted(transaction, [Accepted(record=record, raw=raw, events=[event])])
    transaction.execute(
        "UPDATE messages SET read = ?, tags = ? WHERE id = ?",
        (int(record.read), json.dumps(list(record.tags)), record.id),
    )


def _page(connection: sqlite3.Connection, account: str, clause: Clause, part: Part, *, patient: bool) -> Page:
    limit = part.limit
    with one_look(connection):
        found = find(connection, account, clause, part, patient=patient)
        seqs = found.seqs
        rows = _rows(connection, seqs[:limit])
        recipients = _recipients(connection, seqs[:limit])
    items = [_record(rows[seq], recipients.get(seq, [])) for seq in seqs[:limit]]
    following = seqs[limit - 1] if len(seqs) > limit else None
    return Page(items=items, next=following, total=found.total, exact=found.exact)


def _rows(connection: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    found: dict[int, tuple[Any, ...]] = {}
    for start in range(0, len(seqs), SQLITE_VARIABLES):
        part = seqs[start : start + SQLITE_VARIABLES]
        sql = f"SELECT {_COLUMNS} FROM messages m WHERE m.seq IN ({','.join('?' * len(part))})"  # noqa: S608
        found |= {row[0]: row for row in connection.execute(sql, part)}
    return found


def _recipients(connection: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, list[RecipientRecord]]:
    found: dict[int, list[RecipientRecord]] = {}
    for start in range(0, len(seqs), SQLITE_VARIABLES):
        part = seqs[start : start + SQLITE_VARIABLES]
        marks = ",".join("?" * len(part))
        for row in connection.execute(
            f"SELECT message, position, address, outcome, detail, due, attempts FROM recipients"  # noqa: S608
            f" WHERE message IN ({marks}) ORDER BY message, position",
            part,
        ):
            found.setdefault(row[0], []).append(
                RecipientRecord(
                    position=row[1],
                    address=row[2],
                    outcome=Outcome(row[3]),
                    detail=row[4],
                    due=row[5],
                    attempts=row[6],
                )
            )
    return found


def _record(row: tuple[Any, ...], recipients: Sequence[RecipientRecord]) -> MessageRecord:
    envelope = Envelope(
        mail_from=row[6],
        rcpt_to=tuple(json.loads(row[25])),
        helo=row[7],
        client=row[8],
        user=row[9],
        mail_params=json.loads(row[21]),
        rcpt_params=json.loads(row[26]),
    )
    return MessageRecord(
        id=row[1], account=row[2], provider=row[3], channel=Channel(row[4]), session=row[5], envelope=envelope,
        sender=row[10], to=row[11], subject=row[12], message_id=row[13], envelope_id=row[14], accepted=row[15],
        size=row[16], sha256=row[17], units=row[18], read=bool(row[19]), tags=tuple(json.loads(row[20])),
        attributes=json.loads(row[22]), snippet=row[23], attachments=row[24], recipients=tuple(recipients),
    )  # fmt: skip


def _mark(
    transaction: Transaction,
    account: str,
    message: str,
    at: float,
    read: bool | None,
    tags: Sequence[str] | None,
) -> bool:
    cursor = transaction.execute(
        "UPDATE messages SET read = coalesce(?, read), tags = coalesce(?, tags) WHERE account = ? AND id = ?",
        (
            None if read is None else int(read),
            None if tags is None else json.dumps(list(tags)),
            account,
            message,
        ),
    )
    if not cursor.rowcount:
        return False
    transaction.event(account=account, at=at, type="message.changed", message=message)
    return True


def _counts(connection: sqlite3.Connection, account: str) -> dict[str, int]:
    kept = {name: tally(connection, account, name) for name in (MESSAGES, UNREAD)}
    return {**kept, **outcomes(connection, account)}
