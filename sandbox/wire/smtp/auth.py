"""AUTH (RFC 4954): PLAIN and LOGIN, as far as the dialect offers them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Awaitable, Callable, Mapping

from sandbox.core.accounts import Account
from sandbox.core.errors import Condition, NotFoundError, Refusal
from sandbox.core.model import Principal, Stage
from sandbox.wire.smtp.conversation import Conversation
from sandbox.wire.smtp.lines import AUTH_LINE, MASK

MECHANISM = re.compile(r"[A-Z0-9_-]{1,20}")
"""RFC 4422 section 3.1."""


async def auth(conversation: Conversation, argument: str) -> None:
    """Log a client in."""
    conversation.tried_auth = True
    words = argument.split()
    if conversation.dialect.hello_needed and not conversation.helo:
        raise Refusal(Condition.HELLO_NEEDED)
    if conversation.principal is not None or conversation.transaction is not None:
        raise Refusal(Condition.AUTH_AGAIN)
    if not 1 <= len(words) <= 2:
        raise Refusal(Condition.AUTH_MALFORMED)
    mechanism = words[0].upper()
    if not MECHANISM.fullmatch(mechanism):
        raise Refusal(Condition.AUTH_MALFORMED)
    if mechanism not in conversation.dialect.mechanisms:
        raise Refusal(Condition.AUTH_UNSUPPORTED)
    conversation.mechanism = mechanism
    username, password = await _EXCHANGES[mechanism](conversation, words[1] if len(words) > 1 else None)
    await _log_in(conversation, username, password)


async def _plain(conversation: Conversation, initial: str | None) -> tuple[str, str]:
    """RFC 4616: authorization identity, NUL, user, NUL, password."""
    secret = (
        _decoded(initial) if initial is not None else await _ask(conversation, conversation.dialect.plain_challenge)
    )
    identity, nul, rest = secret.partition(b"\0")
    if not nul:
        raise Refusal(Condition.AUTH_NO_NUL)
    username, nul, password = rest.partition(b"\0")
    if not nul:
        raise Refusal(Condition.AUTH_NO_SECOND_NUL)
    if identity not in (b"", username):  # Sendmail sends both; nobody may act for another user
        return "", ""
    return _text(username), _text(password)


async def _login(conversation: Conversation, initial: str | None) -> tuple[str, str]:
    """The mechanism of draft-murchison-sasl-login: a prompt each for user and password."""
    asked = conversation.dialect
    username = _decoded(initial) if initial is not None else await _ask(conversation, asked.username_challenge)
    password = await _ask(conversation, asked.password_challenge)
    return _text(username), _text(password)


_EXCHANGES: Mapping[str, Callable[[Conversation, str | None], Awaitable[tuple[str, str]]]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
}


async def _ask(conversation: Conversation, challenge: str) -> bytes:
    """Send a challenge; returns the decoded answer."""
    await conversation.reply(challenge)
    line = await conversation.input.line(AUTH_LINE)
    if line is None:
        raise ConnectionResetError("the client closed the connection in the middle of AUTH")
    conversation.transcript.said("client", "*" if line == b"*" else MASK)
    if line == b"*":
        raise Refusal(Condition.AUTH_CANCELLED)
    return _decoded(line.decode("latin-1"))


def _decoded(text: str) -> bytes:
    """Base64 as RFC 4954 wants it; `=` is an empty initial response."""
    if text == "=":
        return b""
    try:
        return binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Refusal(Condition.AUTH_NOT_BASE64) from error


def _text(octets: bytes) -> str:
    """A user name or password as text; what is not UTF-8 matches no credential."""
    return octets.decode("utf-8", "surrogateescape")


async def _log_in(conversation: Conversation, username: str, password: str) -> None:
    owner = await _owner(conversation, username)
    entry = await conversation.struck(Stage.AUTH, account=owner, user=username)
    if entry is not None:
        return
    if conversation.locked_out(owner):
        raise Refusal(Condition.TOO_MANY_AUTH_FAILURES)
    try:
        principal = await _principal(conversation, username, password)
        account = conversation.services.accounts.get(principal.account)
    except Refusal as refusal:
        if refusal.reason is Condition.AUTH_INVALID:
            conversation.note_failure(owner)
        raise
    conversation.principal, conversation.account = principal, account
    conversation.transcript.account, conversation.transcript.user = principal.account, principal.credential
    await conversation.reply(conversation.dialect.authenticated)


async def _owner(conversation: Conversation, username: str) -> Account:
    """The account whose user this is, the ready-made one for a name that nobody has."""
    name = await conversation.endpoint.personality.owner(conversation.services, username)
    try:
        return conversation.services.accounts.get(name)
    except NotFoundError:
        return conversation.services.accounts.ready_made


async def _principal(conversation: Conversation, username: str, password: str) -> Principal:
    """Who it is; in a permissive sandbox, anybody."""
    try:
        return await conversation.endpoint.personality.authenticate(
            conversation.services, username, password, conversation.address
        )
    except Refusal:
        if not conversation.services.permissive:
            raise
    shown = username.encode("utf-8", "replace").decode()
    account = conversation.services.accounts.ready_made.id
    return Principal(account=account, provider=conversation.endpoint.state.name, user=shown, credential=shown)
