"""EHLO, HELO and STARTTLS: who the client is, what the server offers, and the change to TLS."""

from __future__ import annotations

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Stage
from sandbox.wire.smtp.conversation import Conversation


async def ehlo(conversation: Conversation, argument: str) -> None:
    """Say what the service can do, which differs before and after TLS (RFC 5321 section 4.1.1.1)."""
    if not _named(argument):
        raise Refusal(Condition.SYNTAX)
    if await conversation.struck(Stage.EHLO):
        return
    _enter(conversation, argument)
    dialect = conversation.dialect
    size = conversation.endpoint.state.rules.sizes(conversation.account).message
    keywords = dialect.after_tls if conversation.secured else dialect.before_tls
    lines = [
        dialect.hello.format(host=dialect.host, helo=argument),
        *(keyword.format(size=size) for keyword in keywords),
    ]
    if dialect.ehlo_end:
        lines.append(dialect.ehlo_end)
    await conversation.reply(*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}")


async def helo(conversation: Conversation, argument: str) -> None:
    """The greeting of RFC 821: no extensions are offered."""
    if not _named(argument):
        raise Refusal(Condition.SYNTAX)
    if await conversation.struck(Stage.EHLO):
        return
    _enter(conversation, argument)
    dialect = conversation.dialect
    await conversation.reply(f"250 {dialect.hello.format(host=dialect.host, helo=argument)}")


def _named(argument: str) -> bool:
    return bool(argument) and " " not in argument


def _enter(conversation: Conversation, name: str) -> None:
    """A greeting also ends a mail transaction (RFC 5321 section 4.1.4)."""
    conversation.helo = name
    conversation.transaction = None


async def starttls(conversation: Conversation, _: str) -> None:
    """Change to TLS, then start over (RFC 3207 section 4.2)."""
    if await conversation.struck(Stage.STARTTLS):
        return
    if conversation.secured:
        raise Refusal(Condition.TLS_AGAIN)
    await conversation.wire.prepare_tls()
    await conversation.reply(conversation.dialect.ready_for_tls)
    await conversation.wire.start_tls()
    conversation.begin_again()
