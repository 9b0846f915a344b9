"""Mail from anybody for a provider's own customers: who may go on without a log-in, and for whom."""

from __future__ import annotations

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Channel, Envelope, Principal, Receipt, Submission
from sandbox.wire.smtp.conversation import Conversation, Transaction

IN_CLEAR = frozenset({"HELO", "MAIL", "RCPT", "DATA", "RSET", "VRFY", "EXPN", "HELP"})
"""What a stranger may say before TLS; a log-in is not among it."""


async def welcome(conversation: Conversation) -> None:
    """Note at the beginning of a session whether mail is taken from anybody here."""
    receiving = conversation.endpoint.personality.receiving
    if receiving is not None and conversation.transcript.extra["port"] in receiving.ports:
        conversation.strangers = await receiving.open(conversation.services)


def in_clear(conversation: Conversation, verb: str) -> bool:
    """Whether a command is obeyed before TLS since it may belong to arriving mail."""
    return conversation.strangers and verb in IN_CLEAR


async def taken(conversation: Conversation, transaction: Transaction, address: str) -> bool:
    """Whether a recipient is one for whom mail arrives here; false in a transaction of somebody who logged in.

    Raises `Refusal` for a mailbox that does not take it, and `AUTH_REQUIRED` for one that is not of this place.
    """
    receiving = conversation.endpoint.personality.receiving
    if receiving is None or not conversation.strangers or conversation.principal is not None:
        return False
    if transaction.recipients and not transaction.arrivals:
        return False  # what a permissive sandbox took as a submission stays one
    takers = await receiving.takers(conversation.services, address, conversation.address, conversation.secured)
    for account in takers:
        transaction.arrivals.setdefault(account, []).append(address)
    if takers:
        return True
    if transaction.arrivals or not (conversation.services.permissive and conversation.secured):
        raise Refusal(Condition.AUTH_REQUIRED)
    return False


async def receive(conversation: Conversation, transaction: Transaction, octets: bytes) -> Receipt:
    """Hand a message that arrived to each account that takes it; returns the first one's receipt.

    Raises `Refusal` when an account can't take it.
    """
    receiving = conversation.endpoint.personality.receiving
    assert receiving is not None
    receipts = []
    for account, recipients in transaction.arrivals.items():
        submission = _submission(conversation, transaction, account, recipients, octets)
        receipts.append(await receiving.receive(conversation.services, submission))
    return receipts[0]


def _submission(
    conversation: Conversation, transaction: Transaction, account: str, recipients: list[str], octets: bytes
) -> Submission:
    return Submission(
        principal=Principal(account=account, provider=conversation.endpoint.state.name, user="", credential=""),
        channel=Channel.SMTP,
        envelope=Envelope(
            mail_from=transaction.sender,
            rcpt_to=tuple(dict.fromkeys(recipients)),
            helo=conversation.helo,
            client=conversation.transcript.client,
            mail_params=transaction.params,
        ),
        raw=octets,
        session=conversation.transcript.session,
        attributes={"tls": conversation.secured},
    )
