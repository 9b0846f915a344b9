"""MAIL and RCPT: the envelope of a message."""

from __future__ import annotations

from sandbox.core.catalog import ErrorEntry
from sandbox.core.errors import Condition, Refusal
from sandbox.core.faults import magic_error
from sandbox.core.model import Channel, Principal, Stage
from sandbox.wire.smtp import arriving
from sandbox.wire.smtp.address import (
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    REPORT_MAIL_PARAMETERS,
    REPORT_RCPT_PARAMETERS,
    parse_path,
)
from sandbox.wire.smtp.conversation import Conversation, Transaction

LATER = (Stage.BODY, Stage.DATA)
"""Where an error that a magic recipient asks for strikes when RCPT is not among its stages."""


def need_login(conversation: Conversation) -> None:
    """Refuse a client that has not logged in; a permissive sandbox takes anybody."""
    if conversation.principal is None and not (conversation.services.permissive or conversation.strangers):
        raise Refusal(Condition.AUTH_REQUIRED)


def principal_of(conversation: Conversation) -> Principal:
    """Who submits: whoever logged in, or nobody in particular."""
    if conversation.principal is not None:
        return conversation.principal
    name = conversation.endpoint.state.name
    return Principal(account=conversation.account.id, provider=name, user="", credential="")


async def mail(conversation: Conversation, argument: str) -> None:
    """Begin a transaction (RFC 5321 section 4.1.1.2)."""
    dialect = conversation.dialect
    if dialect.hello_needed and not conversation.helo:
        raise Refusal(Condition.HELLO_NEEDED)
    need_login(conversation)
    if conversation.transaction is not None:
        raise Refusal(Condition.MAIL_AGAIN)
    sender, params = parse_path(argument, "FROM:", REPORT_MAIL_PARAMETERS if dialect.reports else MAIL_PARAMETERS)
    if await conversation.struck(Stage.MAIL, sender=sender):
        return
    if conversation.locked_out():
        raise Refusal(Condition.TOO_MANY_AUTH_FAILURES)
    if int(params.get("SIZE", 0)) > conversation.endpoint.state.rules.sizes(conversation.account).message:
        raise Refusal(Condition.TOO_LARGE)
    if conversation.endpoint.personality.sender_checked is Stage.MAIL and not conversation.strangers:
        await _check_sender(conversation, sender)
    conversation.transaction = Transaction(sender=sender, params=params)
    await conversation.reply(dialect.sender_ok.format(address=sender))


async def _check_sender(conversation: Conversation, sender: str) -> None:
    rules, account = conversation.endpoint.state.rules, conversation.account
    approved = conversation.services.permissive or await rules.sender_approved(
        account, principal_of(conversation), sender
    )
    try:
        await conversation.services.intake.check_sender(account, conversation.endpoint.state.name, sender, approved)
    except Refusal as refusal:
        if refusal.reason is Condition.SENDER_NOT_APPROVED:
            conversation.note_failure()
        raise


async def rcpt(conversation: Conversation, argument: str) -> None:
    """Add a recipient (RFC 5321 section 4.1.1.3); a suppressed one is told so and kept apart."""
    need_login(conversation)
    transaction = conversation.transaction
    if transaction is None:
        raise Refusal(Condition.MAIL_NEEDED)
    dialect = conversation.dialect
    known = REPORT_RCPT_PARAMETERS if dialect.reports else RCPT_PARAMETERS
    address, wishes = parse_path(argument, "TO:", known)
    if not address:
        raise Refusal(Condition.INVALID_ADDRESS, address="")
    entry = await conversation.struck(Stage.RCPT, sender=transaction.sender, recipients=[address])
    if entry is None:
        entry = await _magic(conversation, transaction, address)
    if entry is not None:
        if entry.status < 300:  # 254: accepted, and held back
            transaction.recipients.append(address)
            transaction.silent.add(address)
        return
    if len(transaction.recipients) >= conversation.endpoint.limits.recipients:
        raise Refusal(Condition.TOO_MANY_RECIPIENTS)
    if not await arriving.taken(conversation, transaction, address):
        await _check_suppression(conversation, transaction, address)
    transaction.recipients.append(address)
    if wishes:
        transaction.wishes[address] = wishes
    await conversation.reply(dialect.recipient_ok.format(address=address))


async def _check_suppression(conversation: Conversation, transaction: Transaction, address: str) -> None:
    rules = conversation.endpoint.state.rules
    found = await rules.suppressed(conversation.account, principal_of(conversation), address, transaction.sender)
    if found is not None and conversation.endpoint.personality.tells_suppressed:
        transaction.recipients.append(address)
        transaction.silent.add(address)
        raise Refusal(Condition.RECIPIENT_SUPPRESSED, recipient=address, address=address, **found.params)


async def _magic(conversation: Conversation, transaction: Transaction, address: str) -> ErrorEntry | None:
    """Give a recipient whose address names an error that error, now or at the stage where it belongs."""
    wanted = magic_error(address)
    if wanted is None:
        return None
    try:
        entry = conversation.endpoint.state.catalog.get(wanted)
    except KeyError:
        conversation.transcript.said("sandbox", f"no error of the catalog is called {wanted}")
        return None
    if entry.channel is Channel.SMTP and Stage.RCPT in entry.stages:
        params: dict[str, object] = {"recipient": address, "address": address}
        await conversation.answer(entry, Stage.RCPT, params, forced=True)
        return entry
    if entry.channel is Channel.SMTP and set(LATER) & set(entry.stages):
        transaction.awaiting = entry
    else:
        text = f"{entry.id} can't strike after RCPT; force it with a fault at {', '.join(entry.stages)}"
        conversation.transcript.said("sandbox", text)
    return None
