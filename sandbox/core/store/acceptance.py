"""Messages that were accepted at the same time, stored together: one statement a table, however many they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.core.model import MessageRecord, Resource
from sandbox.core.store.database import Transaction
from sandbox.core.store.resources import Edit, edit_stored
from sandbox.core.store.tallies import MESSAGES, UNREAD, change_tallies, of_outcome
from sandbox.core.store.transaction import as_json
from sandbox.core.store.usage import record_usage
from sandbox.core.values import frozen

LARGE = 1_048_576
"""Octets from which on a message is written piece by piece, so that SQLite makes no copies of the whole."""
_MESSAGE = (
    "seq", "id", "account", "provider", "channel", "session", "mail_from", "helo", "client", "user", "sender",
    "rcpt_to", "to_header", "subject", "message_id", "envelope_id", "accepted", "size", "sha256", "units",
    "mail_params", "attributes", "rcpt_params",
)  # fmt: skip
_RECIPIENT = ("message", "position", "account", "address", "outcome", "detail", "due", "attempts")


@frozen
class Accepted:
    """A message to be stored, with everything that becomes durable together with it."""

    record: MessageRecord
    raw: bytes
    events: Sequence[Mapping[str, Any]]
    edits: Sequence[Edit] = ()


def store_accepted(transaction: Transaction, accepted: Sequence[Accepted]) -> list[list[Resource]]:
    """Store messages, recipients, usage and events; returns what the edits of each message changed."""
    numbered = list(enumerate(accepted, transaction.number("messages", len(accepted))))
    transaction.insert("messages", _MESSAGE, [_message(seq, one.record) for seq, one in numbered])
    small = [(seq, one.raw) for seq, one in numbered if len(one.raw) < LARGE]
    transaction.insert("raws", ("message", "octets"), small)
    for seq, one in numbered:
        if len(one.raw) >= LARGE:
            _insert_piecewise(transaction, seq, one.raw)
    transaction.insert(
        "recipients",
        _RECIPIENT,
        [
            (seq, r.position, one.record.account, r.address, r.outcome, r.detail, r.due, r.attempts)
            for seq, one in numbered
            for r in one.record.recipients
        ],
    )
    records = [one.record for one in accepted]
    _record_usage(transaction, records)
    _count(transaction, records)
    transaction.events_together([event for one in accepted for event in one.events])
    return [_edited(transaction, one.edits) for one in accepted]


def _message(seq: int, record: MessageRecord) -> tuple[Any, ...]:
    envelope = record.envelope
    return (
        seq, record.id, record.account, record.provider, record.channel, record.session, envelope.mail_from,
        envelope.helo, envelope.client, envelope.user, record.sender, json.dumps(envelope.rcpt_to), record.to,
        record.subject, record.message_id, record.envelope_id, record.accepted, record.size, record.sha256,
        record.units, as_json(envelope.mail_params), as_json(record.attributes),
        as_json({name: dict(params) for name, params in envelope.rcpt_params.items()}),
    )  # fmt: skip


def _insert_piecewise(transaction: Transaction, seq: int, raw: bytes) -> None:
    transaction.execute("INSERT INTO raws (message, octets) VALUES (?, zeroblob(?))", (seq, len(raw)))
    whole = memoryview(raw)
    with transaction.connection.blobopen("raws", "octets", seq) as blob:
        for start in range(0, len(raw), LARGE):
            blob.write(whole[start : start + LARGE])


def _record_usage(transaction: Transaction, records: Iterable[MessageRecord]) -> None:
    units: Counter[tuple[str, str, int]] = Counter()
    for record in records:
        units[record.account, record.provider, int(record.accepted)] += record.units
    record_usage(transaction, units)


def _count(transaction: Transaction, records: Iterable[MessageRecord]) -> None:
    more: Counter[tuple[str, str]] = Counter()
    for record in records:
        more[record.account, MESSAGES] += 1
        more[record.account, UNREAD] += 1
        for recipient in record.recipients:
            more[record.account, of_outcome(recipient.outcome)] += 1
    change_tallies(transaction, more)


def _edited(transaction: Transaction, edits: Iterable[Edit]) -> list[Resource]:
    changed = (edit_stored(transaction, wish) for wish in edits)
    return [row for row in changed if row is not None]
