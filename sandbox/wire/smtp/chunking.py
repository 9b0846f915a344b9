"""BDAT: the message in chunks whose sizes are announced, where the dialect offers it (RFC 3030 section 2)."""

from __future__ import annotations

import re

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Stage
from sandbox.wire.smtp.conversation import Conversation, Transaction
from sandbox.wire.smtp.data import Content, finish
from sandbox.wire.smtp.lines import Input
from sandbox.wire.smtp.mail import need_login

_CHUNK = re.compile(r"([0-9]{1,18})( +LAST)?", re.IGNORECASE)


async def bdat(conversation: Conversation, argument: str) -> None:
    """Take a chunk; the last one ends the message. A chunk is read even when it is refused, or it would be obeyed."""
    match = _CHUNK.fullmatch(argument)
    if match is None:
        raise Refusal(Condition.SYNTAX)
    transaction, size = conversation.transaction, int(match[1])
    fits = transaction is not None and transaction.chunked + size <= _limit(conversation)
    conversation.input.expect_data(conversation.endpoint.limits.idle, conversation.endpoint.limits.data_rate)
    octets = await _read(conversation.input, size, keep=fits)
    conversation.transcript.said("client", f"(a chunk of {size} octets)")
    need_login(conversation)
    if transaction is None or not transaction.recipients:
        raise Refusal(Condition.RECIPIENT_NEEDED)
    if not transaction.chunked and await _struck(conversation, transaction):
        return
    transaction.chunked += size
    if fits:
        transaction.chunks.append(octets)
    else:
        transaction.chunks.clear()
    if match[2]:
        await finish(conversation, transaction, _content(conversation, transaction))
    else:
        await conversation.reply(conversation.dialect.chunk_ok)


def _limit(conversation: Conversation) -> int:
    return conversation.endpoint.state.rules.sizes(conversation.account).message


def _content(conversation: Conversation, transaction: Transaction) -> Content:
    whole = b"".join(transaction.chunks) if transaction.chunked <= _limit(conversation) else None
    return Content(octets=whole, size=transaction.chunked)


async def _struck(conversation: Conversation, transaction: Transaction) -> bool:
    """Whether an error was forced that strikes where DATA would."""
    sender, recipients = transaction.sender, transaction.recipients
    if await conversation.struck(Stage.DATA, sender=sender, recipients=recipients):
        return True
    if transaction.awaiting and Stage.BODY not in transaction.awaiting.stages:
        await conversation.answer(transaction.awaiting, Stage.DATA, forced=True)
        return True
    return False


async def _read(source: Input, size: int, *, keep: bool) -> bytes:
    """The octets of a chunk, read to its end in any case; empty when they are not to be kept."""
    kept: list[bytes] = []
    left = size
    while left:
        octets = await source.chunk()
        if not octets:
            raise ConnectionResetError("the connection ended in the middle of the message")
        if len(octets) > left:
            source.unread(octets[left:])
        if keep:
            kept.append(octets[:left])
        left = max(0, left - len(octets))
    return b"".join(kept)
