"""A submission as the record that is stored, and as the event log tells of it; for mail sent and mail that arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.headers import HeaderBlock
from sandbox.core.model import MessageRecord, RecipientRecord, Submission


def record_of(
    account: Account,
    submission: Submission,
    block: HeaderBlock,
    *,
    at: float,
    message_id: Callable[[], str],
    envelope_id: Callable[[], str],
    recipients: Iterable[RecipientRecord],
    attributes: Mapping[str, Any],
    units: int = 0,
) -> MessageRecord:
    """The record of a message with header `block`; `message_id` is asked only for one that has none of its own."""
    envelope = submission.envelope
    return MessageRecord(
        id=account.ids.sortable(at),
        account=account.id,
        provider=submission.principal.provider,
        channel=submission.channel,
        session=submission.session,
        envelope=envelope,
        sender=block.decoded("from") or envelope.mail_from,
        to=block.decoded("to"),
        subject=block.decoded("subject"),
        message_id=block.first("message-id").strip().strip("<>") or message_id(),
        envelope_id=envelope_id(),
        accepted=at,
        size=len(submission.raw),
        sha256=hashlib.sha256(submission.raw).hexdigest(),
        units=units,
        recipients=tuple(recipients),
        attributes=attributes,
    )


def told(record: MessageRecord) -> dict[str, Any]:
    """What the event of a new message says about it."""
    return {
        "provider": record.provider,
        "channel": record.channel,
        "session": record.session,
        "subject": record.subject,
        "sender": record.sender,
        "recipients": list(record.envelope.rcpt_to),
        "size": record.size,
    }
