"""The commands that change nothing or end everything: RSET, NOOP, VRFY, EXPN, HELP, QUIT."""

from __future__ import annotations

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Stage
from sandbox.wire.smtp.conversation import Conversation


async def rset(conversation: Conversation, _: str) -> None:
    """Forget the mail transaction (RFC 5321 section 4.1.1.5)."""
    conversation.transaction = None
    if not await conversation.struck(Stage.OTHER):
        await conversation.reply(conversation.dialect.reset)


async def noop(conversation: Conversation, _: str) -> None:
    """Do nothing, whatever the argument (RFC 5321 section 4.1.1.9)."""
    if not await conversation.struck(Stage.OTHER):
        await conversation.reply(conversation.dialect.noop)


async def disabled(conversation: Conversation, _: str) -> None:
    """VRFY and EXPN: the service tells nobody who exists."""
    if not await conversation.struck(Stage.OTHER):
        raise Refusal(Condition.COMMAND_DISABLED)


async def help_text(conversation: Conversation, _: str) -> None:
    """Point to the standard, where there is such a command."""
    if not conversation.dialect.help:
        raise Refusal(Condition.UNKNOWN_COMMAND)
    if not await conversation.struck(Stage.OTHER):
        await conversation.reply(*conversation.dialect.help)


async def quit_session(conversation: Conversation, _: str) -> None:
    """End the session (RFC 5321 section 4.1.1.10)."""
    if not await conversation.struck(Stage.OTHER):
        await conversation.reply(conversation.dialect.goodbye)
    conversation.closing = True
