"""Mail that arrives for an account of a provider: stored as it came, neither judged nor counted nor delivered."""

from __future__ import annotations

import hashlib

from sandbox.core import headers
from sandbox.core.accounts import Account
from sandbox.core.errors import Condition, Refusal, StoreError
from sandbox.core.model import MessageRecord, Outcome, RecipientRecord, Submission
from sandbox.core.store import Store

HEADER_BLOCK = 262_144
"""Octets that the header block may have."""
RECEIVED = "message.received"
"""Type of the event that tells of an arrival, after which the provider deals with each recipient."""


async def keep(store: Store, account: Account, submission: Submission, envelope_id: str) -> MessageRecord:
    """Make an arrived message durable; its recipients stay queued, without a time at which delivery would try.

    Raises `Refusal(UNPARSABLE)`, or `Refusal(STORAGE_FULL)` when the store could not keep it.
    """
    record = _record(account, submission, headers.split(submission.raw, HEADER_BLOCK), envelope_id)
    data = {
        "provider": record.provider,
        "channel": record.channel,
        "session": record.session,
        "subject": record.subject,
        "sender": record.sender,
        "recipients": list(record.envelope.rcpt_to),
        "size": record.size,
    }
    event = {"account": account.id, "at": record.accepted, "message": record.id, "type": RECEIVED, "data": data}
    try:
        await store.messages.accept(record, submission.raw, [event])
    except StoreError as error:
        raise Refusal(Condition.STORAGE_FULL) from error
    return record


def _record(account: Account, submission: Submission, block: headers.HeaderBlock, envelope_id: str) -> MessageRecord:
    now, envelope = account.clock.now(), submission.envelope
    return MessageRecord(
        id=account.ids.sortable(now),
        account=account.id,
        provider=submission.principal.provider,
        channel=submission.channel,
        session=submission.session,
        envelope=envelope,
        sender=block.decoded("from") or envelope.mail_from,
        to=block.decoded("to"),
        subject=block.decoded("subject"),
        message_id=block.first("message-id").strip().strip("<>") or envelope_id,
        envelope_id=envelope_id,
        accepted=now,
        size=len(submission.raw),
        sha256=hashlib.sha256(submission.raw).hexdigest(),
        units=0,
        recipients=tuple(
            RecipientRecord(position=position, address=address, outcome=Outcome.QUEUED, detail="arrived")
            for position, address in enumerate(envelope.rcpt_to)
        ),
        attributes=submission.attributes,
    )
