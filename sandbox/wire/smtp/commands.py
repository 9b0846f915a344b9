"""The table of commands: what each needs before it is obeyed, and who obeys it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Stage
from sandbox.core.transcript import Transcript
from sandbox.wire.smtp import arriving, auth, chunking, data, hello, mail, smaller
from sandbox.wire.smtp.address import shown
from sandbox.wire.smtp.conversation import Conversation
from sandbox.wire.smtp.lines import MASK, IdleError, StoppingError

MECHANISMS = frozenset(
    {
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "NTLM",
        "GSSAPI",
        "XOAUTH2",
        "OAUTHBEARER",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
    }
)
"""Words behind AUTH that a transcript shows; any other may be a secret in the wrong place."""
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class Command:
    """One verb."""

    run: Callable[[Conversation, str], Awaitable[None]]
    stage: Stage
    in_clear: bool = False
    """Whether it is obeyed before TLS (RFC 3207 section 4)."""
    bare: bool = False
    """Whether an argument is a syntax error."""


COMMANDS: Mapping[str, Command] = {
    "EHLO": Command(run=hello.ehlo, stage=Stage.EHLO, in_clear=True),
    "HELO": Command(run=hello.helo, stage=Stage.EHLO),
    "STARTTLS": Command(run=hello.starttls, stage=Stage.STARTTLS, in_clear=True, bare=True),
    "AUTH": Command(run=auth.auth, stage=Stage.AUTH),
    "MAIL": Command(run=mail.mail, stage=Stage.MAIL),
    "RCPT": Command(run=mail.rcpt, stage=Stage.RCPT),
    "DATA": Command(run=data.data, stage=Stage.DATA, bare=True),
    "BDAT": Command(run=chunking.bdat, stage=Stage.DATA),
    "RSET": Command(run=smaller.rset, stage=Stage.OTHER, bare=True),
    "NOOP": Command(run=smaller.noop, stage=Stage.OTHER, in_clear=True),
    "VRFY": Command(run=smaller.disabled, stage=Stage.OTHER),
    "EXPN": Command(run=smaller.disabled, stage=Stage.OTHER),
    "HELP": Command(run=smaller.help_text, stage=Stage.OTHER),
    "QUIT": Command(run=smaller.quit_session, stage=Stage.OTHER, in_clear=True, bare=True),
}
FOREIGN = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI"})
"""Verbs of HTTP: a browser or a proxy that was pointed at the port, and whose body must not be obeyed."""
NONSENSE = frozenset({Condition.UNKNOWN_COMMAND, Condition.LINE_TOO_LONG, Condition.ILLEGAL_CHARACTER})
"""What counts towards the end of a session that is not SMTP."""


async def greet(conversation: Conversation) -> None:
    """The first reply of a connection: the greeting, or why there is none."""
    endpoint = conversation.endpoint
    await arriving.welcome(conversation)
    if await conversation.struck(Stage.CONNECT):
        conversation.closing = True
    elif endpoint.turnstile.crowded:
        await conversation.refuse(Refusal(Condition.TOO_MANY_CONNECTIONS))
    elif conversation.locked_out():
        await conversation.refuse(Refusal(Condition.TOO_MANY_AUTH_FAILURES))
    elif not await _turned_away(conversation):
        dialect, session = conversation.dialect, conversation.transcript.session
        await conversation.reply(f"220 {dialect.greeting.format(host=dialect.host, session=session)}")


async def _turned_away(conversation: Conversation) -> bool:
    """Whether the provider refuses the client's address as such, which has been answered then."""
    admit = conversation.endpoint.personality.admit
    try:
        if admit is not None:
            await admit(conversation.services, conversation.address)
    except Refusal as refusal:
        await conversation.refuse(refusal)
        conversation.closing = True
        return True
    return False


async def perform(conversation: Conversation, line: bytes) -> None:
    """Obey one command line; whatever goes wrong is answered, except the loss of the connection."""
    verb, _, rest = line.partition(b" ")
    name = verb.decode("ascii", "replace").upper()
    command = COMMANDS.get(name)
    if command is not None and command.run is chunking.bdat and not conversation.dialect.chunking:
        command = None
    conversation.verb = name if command else ""
    conversation.stage = command.stage if command else Stage.OTHER
    conversation.transcript.said("client", _masked(conversation, command, line))
    try:
        _check(conversation, name, command, line)
        assert command is not None
        await command.run(conversation, rest.decode("ascii").strip(" "))
    except Refusal as refusal:
        await _refused(conversation, refusal)
    except (ConnectionError, IdleError, StoppingError):
        raise
    except Exception as error:  # noqa: BLE001 - the client gets an answer, the log the details
        await conversation.failed(error)


async def refuse_line(conversation: Conversation, refusal: Refusal) -> None:
    """Answer a line that could not even be read."""
    conversation.transcript.said("client", f"(a line that can't be obeyed: {refusal.reason})")
    await _refused(conversation, refusal)
    if conversation.input.flooded:
        conversation.closing = True


async def _refused(conversation: Conversation, refusal: Refusal) -> None:
    if refusal.reason in NONSENSE:
        conversation.bad_commands += 1
        if conversation.bad_commands > conversation.endpoint.limits.bad_commands:
            refusal = Refusal(Condition.TOO_MANY_COMMANDS)
    await conversation.refuse(refusal)


def _check(conversation: Conversation, name: str, command: Command | None, line: bytes) -> None:
    """Refuse what can't be obeyed whatever its argument means."""
    if name in FOREIGN:
        raise Refusal(Condition.NOT_SMTP)
    if CONTROL.search(line):
        raise Refusal(Condition.ILLEGAL_CHARACTER)
    if command is None:
        raise Refusal(Condition.UNKNOWN_COMMAND)
    if not (command.in_clear or conversation.secured or arriving.in_clear(conversation, name)):
        raise Refusal(Condition.TLS_REQUIRED)
    if not line.isascii():
        path = line.partition(b":")[2].strip(b" ").partition(b" ")[0]
        if command.stage in (Stage.MAIL, Stage.RCPT) and not path.isascii():
            raise Refusal(Condition.INVALID_ADDRESS, address=shown(path.decode("utf-8", "backslashreplace")))
        raise Refusal(Condition.ILLEGAL_CHARACTER)
    if command.bare and b" " in line.rstrip(b" "):
        raise Refusal(Condition.SYNTAX)


def _masked(conversation: Conversation, command: Command | None, line: bytes) -> str:
    """The line as the transcript shows it: without secrets, and without control characters."""
    if line[:4].upper() == b"AUTH":
        mechanism = line[5:].partition(b" ")[0].decode("ascii", "replace").upper()
        known = mechanism if mechanism in MECHANISMS else MASK
        return f"AUTH {known} {MASK}" if b" " in line[5:].strip() else f"AUTH {known if line[5:] else ''}".strip()
    if command is None and conversation.tried_auth:
        return MASK  # a client that goes on with base64 after its mechanism was refused
    text = line.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def summary(transcript: Transcript) -> str:
    """How a session went, in one line."""
    accepted = transcript.accepted
    said = f"{accepted} message{'' if accepted == 1 else 's'} accepted" if accepted else "no message"
    return f"{said}; last refusal: {transcript.refusals[-1]['text']}" if transcript.refusals else said
