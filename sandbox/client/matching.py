"""Turns keyword matchers into the search grammar, and tells how far a message is from what was wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.client.messages import Message

MATCHERS: Mapping[str, tuple[str, Callable[[Message], Sequence[str]]]] = {
    "to": ("rcpt", lambda message: message.recipients),
    "sender": ("from", lambda message: (message.sender, message.headers.first("From"))),
    "subject": ("subject", lambda message: (message.subject,)),
    "provider": ("provider", lambda message: (message.provider,)),
    "channel": ("channel", lambda message: (message.channel,)),
    "user": ("user", lambda message: (message.user,)),
}
"""Keyword → (field of the search grammar, the values of a message that it is compared with)."""


def query_of(query: str, matchers: Mapping[str, str | None]) -> str:
    """One search query for a query and keyword matchers; `TypeError` for a keyword that is none."""
    if unknown := [name for name in matchers if name not in MATCHERS]:
        raise TypeError(f"{unknown[0]!r} is not a matcher; known: {', '.join(MATCHERS)}, query")
    wanted = given(matchers)
    return " ".join([*([query] if query else []), *(f"{MATCHERS[name][0]}:{quote(wanted[name])}" for name in wanted)])


def given(matchers: Mapping[str, str | None]) -> dict[str, str]:
    """The matchers that were given a value."""
    return {name: value for name, value in matchers.items() if value is not None}


def quote(value: str) -> str:
    """A value as the search grammar reads it back unchanged."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def differences(message: Message, matchers: Mapping[str, str]) -> list[str]:
    """Which matchers a message misses, and what it has in their place."""
    found: list[str] = []
    for name, wanted in matchers.items():
        values = [value for value in MATCHERS[name][1](message) if value]
        if not any(wanted.casefold() in value.casefold() for value in values):
            found.append(f"{name} is {', '.join(values) or 'empty'!r}, not {wanted!r}")
    return found
