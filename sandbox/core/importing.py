"""Takes in a message from elsewhere: a backup, another sandbox, a mailbox. Nothing is decided about it or sent.

It is stored as its provider would show it, marked as imported; what is not known of its envelope is read from its
header.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz

from sandbox.core import headers
from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.model import Channel, Envelope, MessageRecord, Outcome, RecipientRecord
from sandbox.core.store import Store

IMPORTED = "imported"
"""Name of the attribute that marks an imported message, and detail of recipients of whom nothing else is known."""
LATEST = 253_402_300_799.0
"""The last second of the year 9999."""
HEADER_BYTES = 1_000_000
"""Octets of the header that are read for what the envelope does not say."""
RECIPIENTS = 1000
"""Recipients read from the header."""
_ID = re.compile(r"[0-9a-z]{8,40}")
_RECIPIENT_FIELDS = (("x-original-to", "delivered-to"), ("to", "cc", "bcc"))
"""Where recipients are named: the first group that names any counts."""
_OPEN = (Outcome.QUEUED, Outcome.DEFERRED)


@dataclass(frozen=True, kw_only=True)
class Import:
    """A message with what is known about it."""

    provider: str
    raw: bytes
    id: str = ""
    """The id that it had; kept when it is free."""
    channel: Channel = Channel.SMTP
    envelope: Envelope | None = None
    recipients: Sequence[RecipientRecord] = ()
    """What had become of the envelope's recipients."""
    accepted: float | None = None
    """Unix seconds; without it, the header's Date, else now."""
    read: bool = False
    tags: Sequence[str] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


class ImportedBeforeError(Exception):
    """The account has a message with this id already."""


async def import_message(store: Store, account: Account, wish: Import) -> MessageRecord:
    """Store an imported message; returns it once it is durable.

    Raises `ImportedBeforeError`, or `StoreError` when it could not be stored.
    """
    block = _header(wish.raw)
    record = _record(account, wish, block, await _free_id(store, account, wish))
    data = {"provider": record.provider, "subject": record.subject, "size": record.size}
    event = {"account": account.id, "at": account.clock.now(), "type": "message.imported", "message": record.id}
    await store.messages.take_in(record, wish.raw, {**event, "data": data})
    return record


async def _free_id(store: Store, account: Account, wish: Import) -> str:
    """The id that the message had, unless it is another account's; a new one for none."""
    if not _ID.fullmatch(wish.id):
        return ""
    owner = await store.messages.owner(wish.id)
    if owner == account.id:
        raise ImportedBeforeError(wish.id)
    return wish.id if owner is None else ""


def _header(raw: bytes) -> headers.HeaderBlock:
    """The header block, empty when the message has none that can be read."""
    try:
        return headers.split(raw, HEADER_BYTES)
    except Refusal:
        return headers.HeaderBlock([], 0)


def _record(account: Account, wish: Import, block: headers.HeaderBlock, name: str) -> MessageRecord:
    accepted = _accepted(account, wish, block)
    envelope = wish.envelope or _envelope(block)
    return MessageRecord(
        id=name or account.ids.sortable(accepted),
        account=account.id,
        provider=wish.provider,
        channel=wish.channel,
        session="",
        envelope=envelope,
        sender=block.decoded("from") or envelope.mail_from,
        to=block.decoded("to"),
        subject=block.decoded("subject"),
        message_id=block.first("message-id").strip().strip("<>"),
        envelope_id="",
        accepted=accepted,
        size=len(wish.raw),
        sha256=hashlib.sha256(wish.raw).hexdigest(),
        units=0,
        recipients=tuple(_recipients(envelope, wish.recipients)),
        read=wish.read,
        tags=tuple(wish.tags),
        attributes={**wish.attributes, IMPORTED: "true"},
    )


def _accepted(account: Account, wish: Import, block: headers.HeaderBlock) -> float:
    moment = wish.accepted if wish.accepted is not None else _date(block.first("date"))
    return min(max(0.0, account.clock.now() if moment is None else moment), LATEST)


def _date(value: str) -> float | None:
    try:
        parts = parsedate_tz(value[:200])
        return None if parts is None else float(mktime_tz(parts))
    except (ValueError, OverflowError, TypeError):
        return None


def _envelope(block: headers.HeaderBlock) -> Envelope:
    senders = [
        address for name in ("return-path", "sender", "from") for address in headers.addresses(block.first(name))
    ]
    for group in _RECIPIENT_FIELDS:
        found = [address for name in group for value in block.all(name) for address in headers.addresses(value)]
        if found:
            break
    return Envelope(mail_from=senders[0] if senders else "", rcpt_to=tuple(dict.fromkeys(found))[:RECIPIENTS])


def _recipients(envelope: Envelope, known: Sequence[RecipientRecord]) -> list[RecipientRecord]:
    """A row for each recipient; what still had to be tried is not tried from here."""
    by_address = {one.address: one for one in known}
    found = []
    for position, address in enumerate(envelope.rcpt_to):
        one = by_address.get(address, RecipientRecord(address=address, outcome=Outcome.DELIVERED, detail=IMPORTED))
        outcome = Outcome.DELIVERED if one.outcome in _OPEN else one.outcome
        detail = f"{IMPORTED}; it was {one.outcome}" if one.outcome in _OPEN else one.detail
        found.append(
            RecipientRecord(address=address, outcome=outcome, detail=detail, attempts=one.attempts, position=position)
        )
    return found
