"""Mail that arrives for an account of a provider: stored as it came, neither judged nor counted nor delivered."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.core import headers
from sandbox.core.accounts import Account
from sandbox.core.errors import Condition, Refusal, StoreError
from sandbox.core.model import MessageRecord, Outcome, RecipientRecord, Submission
from sandbox.core.recording import record_of, told
from sandbox.core.store import Store

HEADER_BLOCK = 262_144
"""Octets that the header block may have."""
RECEIVED = "message.received"
"""Type of the event that tells of an arrival, after which the provider deals with each recipient."""


async def keep(store: Store, account: Account, submission: Submission, envelope_id: str) -> MessageRecord:
    """Make an arrived message durable; its recipients stay queued, without a time at which delivery would try.

    Raises `Refusal(UNPARSABLE)`, or `Refusal(STORAGE_FULL)` when the store could not keep it.
    """
    record = record_of(
        account,
        submission,
        headers.split(submission.raw, HEADER_BLOCK),
        at=account.clock.now(),
        message_id=lambda: envelope_id,
        envelope_id=lambda: envelope_id,
        recipients=_recipients(submission),
        attributes=submission.attributes,
    )
    about = {"account": account.id, "at": record.accepted, "message": record.id, "type": RECEIVED}
    try:
        await store.messages.accept(record, submission.raw, [{**about, "data": told(record)}])
    except StoreError as error:
        raise Refusal(Condition.STORAGE_FULL) from error
    return record


def _recipients(submission: Submission) -> Iterator[RecipientRecord]:
    for position, address in enumerate(submission.envelope.rcpt_to):
        yield RecipientRecord(position=position, address=address, outcome=Outcome.QUEUED, detail="arrived")
