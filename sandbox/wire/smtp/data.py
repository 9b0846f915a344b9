"""DATA: the message, read in chunks, unstuffed exactly, measured while it arrives, and handed to the intake."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from sandbox.core import headers
from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Channel, Envelope, Receipt, Stage, Submission
from sandbox.wire.smtp import arriving
from sandbox.wire.smtp.conversation import Conversation, Transaction
from sandbox.wire.smtp.lines import Input
from sandbox.wire.smtp.mail import need_login, principal_of

END = b"\r\n.\r\n"


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was sent between DATA and the lone dot."""

    octets: bytes | None
    """None when it was larger than allowed and therefore not kept."""
    size: int
    """Octets after unstuffing, as SIZE counts them (RFC 1870 section 2)."""


async def read_content(source: Input, limit: int) -> Content:
    """Read to CRLF.CRLF and nothing else, keeping at most `limit` octets.

    Dots that begin a line lose one (RFC 5321 section 4.5.2); every other octet stays, bare CR and LF among them.
    Raises `ConnectionResetError` when the connection ends before the data.
    """
    kept = BytesIO()  # grows in place and gives its octets away without another copy
    size = -2
    rest = b"\r\n"  # the line end of the DATA command: a dot may follow at once; taken off again below
    while True:
        octets = await source.chunk()
        if not octets:
            raise ConnectionResetError("the connection ended in the middle of the message")
        rest += octets
        end = rest.find(END)
        cut = end + 2 if end >= 0 else len(rest) - _started(rest)
        piece = rest[:cut].replace(b"\r\n.", b"\r\n")
        kept.write(piece[max(0, -size) :])
        size += len(piece)
        if size > limit:
            kept = BytesIO()
        if end >= 0:
            if end + len(END) < len(rest):
                source.unread(rest[end + len(END) :])
            return Content(octets=kept.getvalue() if size <= limit else None, size=size)
        rest = rest[cut:]


def _started(octets: bytes) -> int:
    """How many octets at the end may be the beginning of the end mark, or of a dot to take off."""
    return next((length for length in range(len(END) - 1, 0, -1) if octets.endswith(END[:length])), 0)


async def data(conversation: Conversation, _: str) -> None:
    """Take the message of a transaction (RFC 5321 section 4.1.1.4)."""
    need_login(conversation)
    transaction = conversation.transaction
    if transaction is None or not transaction.recipients or transaction.chunked:
        raise Refusal(Condition.RECIPIENT_NEEDED)
    sender, recipients = transaction.sender, transaction.recipients
    if await conversation.struck(Stage.DATA, sender=sender, recipients=recipients):
        return
    if transaction.awaiting and Stage.BODY not in transaction.awaiting.stages:
        await conversation.answer(transaction.awaiting, Stage.DATA, forced=True)
        return
    if conversation.endpoint.limits.refuse_all_suppressed and len(transaction.silent) == len(set(recipients)):
        raise Refusal(Condition.RECIPIENT_NEEDED)
    await conversation.reply(conversation.dialect.start_data)
    await _receive(conversation, transaction)


async def _receive(conversation: Conversation, transaction: Transaction) -> None:
    """Read the data and answer it."""
    limit = conversation.endpoint.state.rules.sizes(conversation.account).message
    limits = conversation.endpoint.limits
    conversation.input.expect_data(limits.idle, limits.data_rate)
    content = await read_content(conversation.input, limit)
    conversation.transcript.said("client", f"(message data, {content.size} octets)")
    await finish(conversation, transaction, content)


async def finish(conversation: Conversation, transaction: Transaction, content: Content) -> None:
    """Answer a whole message, however it came; the transaction is over either way."""
    conversation.stage = Stage.BODY
    try:
        await _answer(conversation, transaction, content)
    finally:
        conversation.transaction = None


async def _answer(conversation: Conversation, transaction: Transaction, content: Content) -> None:
    subject = _subject(content) if conversation.account.faults.armed else ""
    sender, recipients = transaction.sender, transaction.recipients
    if await conversation.struck(Stage.BODY, sender=sender, recipients=recipients, subject=subject):
        return
    if transaction.awaiting:
        await conversation.answer(transaction.awaiting, Stage.BODY, forced=True)
        return
    if content.octets is None:
        raise Refusal(Condition.TOO_LARGE)
    octets = conversation.endpoint.personality.mended(content.octets)
    if transaction.arrivals:
        receipt = await arriving.receive(conversation, transaction, octets)
    else:
        receipt = await _accept(conversation, _submission(conversation, transaction, octets))
    conversation.transcript.took(receipt.message)
    said = conversation.dialect.accepted.format(
        message_id=receipt.message_id, envelope_id=receipt.envelope_id, message=receipt.message
    )
    await conversation.reply(said)


def _subject(content: Content) -> str:
    """The subject for the pattern of a forced error; empty when the message has none that can be read."""
    try:
        return headers.split(content.octets or b"", len(content.octets or b"")).decoded("subject")
    except Refusal:
        return ""


def _submission(conversation: Conversation, transaction: Transaction, octets: bytes) -> Submission:
    principal = principal_of(conversation)
    return Submission(
        principal=principal,
        channel=Channel.SMTP,
        envelope=Envelope(
            mail_from=transaction.sender,
            rcpt_to=tuple(transaction.recipients),
            helo=conversation.helo,
            client=conversation.transcript.client,
            user=principal.credential,
            mail_params=transaction.params,
            rcpt_params=transaction.wishes,
        ),
        raw=octets,
        session=conversation.transcript.session,
        silent=frozenset(transaction.silent),
    )


async def _accept(conversation: Conversation, submission: Submission) -> Receipt:
    """Hand over to the intake; a session that is to end waits for it."""
    conversation.accepting = True
    try:
        return await conversation.services.intake.accept(submission)
    except Refusal as refusal:
        if refusal.reason is Condition.HEADER_SENDER_NOT_APPROVED:
            conversation.note_failure()
        raise
    finally:
        conversation.accepting = False
