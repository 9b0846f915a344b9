"""Turns keyword matchers into the search grammar, and tells how far a message is from what was wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from sandbox.client.errors import tells_all

if TYPE_CHECKING:
    from sandbox.client.messages import Message

__tracebackhide__ = tells_all

_TERM = r"""-?(?:[A-Za-z-]+:)?(?:"(?:[^"\\]|\\.)*"|[^\s()"]+)"""
_SHOWN = 200
"""Characters of a value that an explanation shows."""
_ADDRESS = r"[^\s<>,;:\"()]+@[^\s<>,;:\"()]+"


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """A keyword: the fields of the search grammar that it asks, and the values of a message that it compares."""

    fields: Sequence[str]
    values: Callable[[Message], Sequence[str]]


MATCHERS: Mapping[str, Matcher] = {
    "to": Matcher(fields=("to",), values=lambda message: (*message.recipients, str(message.listed.get("to", "")))),
    "sender": Matcher(fields=("from", "envfrom"), values=lambda message: (message.sender, message.author)),
    "subject": Matcher(fields=("subject",), values=lambda message: (message.subject,)),
    "body": Matcher(fields=("body",), values=lambda message: (message.text, message.html)),
    "outcome": Matcher(
        fields=("outcome",), values=lambda message: [str(one["outcome"]) for one in message.listed["recipients"]]
    ),
    "provider": Matcher(fields=("provider",), values=lambda message: (message.provider,)),
    "channel": Matcher(fields=("channel",), values=lambda message: (message.channel,)),
    "user": Matcher(fields=("user",), values=lambda message: (message.user,)),
}
"""The keywords of `messages`, `wait` and `wait_for`."""


class Wanted(TypedDict, total=False):
    """The keywords with their types."""

    to: str | None
    sender: str | None
    subject: str | None
    body: str | None
    outcome: str | None
    provider: str | None
    channel: str | None
    user: str | None


def query_of(query: str, matchers: Wanted) -> str:
    """One search query for a query and keyword matchers; `TypeError` for a keyword that is none."""
    if unknown := [name for name in matchers if name not in MATCHERS]:
        raise TypeError(f"{unknown[0]!r} is not a matcher; known: {', '.join(MATCHERS)}, query")
    terms = [_term(MATCHERS[name].fields, value) for name, value in given(matchers).items()]
    if not terms:
        return query
    return " ".join([*([f"({query})"] if query.strip() else []), *terms])


def _term(fields: Sequence[str], value: str) -> str:
    asked = " OR ".join(f"{field}:{quote(value)}" for field in fields)
    return f"({asked})" if len(fields) > 1 else asked


def given(matchers: Wanted) -> dict[str, str]:
    """The matchers that were given a value."""
    return {name: value for name, value in cast("Mapping[str, str | None]", matchers).items() if value is not None}


def quote(value: str) -> str:
    """A value as the search grammar reads it back unchanged."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def terms_of(query: str) -> list[str]:
    """The terms that all have to match, one by one; a query with OR, NOT or parentheses is one term."""
    terms = re.findall(_TERM, query)
    simple = re.sub(r"\s+", "", query) == re.sub(r"\s+", "", "".join(terms))
    if not simple or {"OR", "NOT"} & set(terms):
        return [query]
    return [term for term in terms if term != "AND"]


def differences(message: Message, matchers: Mapping[str, str]) -> list[str]:
    """Which matchers a message misses, and what it has in their place."""
    found: list[str] = []
    for name, wanted in matchers.items():
        values = list(dict.fromkeys(value for value in MATCHERS[name].values(message) if value))
        if not any(_fits(wanted, value) for value in values):
            found.append(f"{name} is {_short(', '.join(values) or 'empty')!r}, not {wanted!r}")
    return found


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"


def _fits(wanted: str, value: str) -> bool:
    """A whole address is that one and not a part of a longer one; anything else may be a part of the value."""
    if re.fullmatch(_ADDRESS, wanted):
        return wanted.casefold() in map(str.casefold, re.findall(_ADDRESS, value))
    return wanted.casefold() in value.casefold()
