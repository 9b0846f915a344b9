"""What each field of the search grammar compares, as a table; values reach SQL as parameters only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sandbox.core.clock import parse_duration, parse_instant
from sandbox.core.model import Channel, Outcome
from sandbox.core.store.messages import Clause
from sandbox.core.store.tallies import UNREAD
from sandbox.core.store.words import SHORTEST, candidates


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field: what its value is to be, for messages and documentation, and the condition that it makes."""

    wants: str
    about: str
    clause: Callable[[str, float], Clause]
    """(value, present moment) → condition; `ValueError` says what is wrong with the value."""


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """What can be searched in one kind of things: its fields, and what a word without a field means."""

    fields: Mapping[str, Field]
    anywhere: Callable[[str], Clause]


_UNITS = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2, "g": 1024**3, "gb": 1024**3}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([a-z]{0,2})")
_AGO = frozenset("smhdw")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>.]+(?:\.[^\s@<>.]+)+")
_ATEXT = "a-z0-9!#$%&'*+/=?^_`{|}~."
_INDEXED = frozenset({"m.subject", "m.sender", "m.to_header", "m.rcpt_to", "m.body"})
"""Columns that the index of words has."""
_USUAL = (Outcome.QUEUED, Outcome.DELIVERED, Outcome.BLACKHOLED)
_TROUBLE = "outcome = ? AND outcome NOT IN ('queued', 'delivered', 'blackholed')"
"""The second condition is the one that the index of troubled recipients was made with."""
_RECIPIENT = "EXISTS (SELECT 1 FROM recipients r WHERE r.message = m.seq AND {})"


def anywhere(value: str) -> Clause:
    """A free word or phrase: in subject, sender, To, recipients, text or names of attachments."""
    columns = ("m.subject", "m.sender", "m.to_header", "m.body")
    if len(value) >= SHORTEST and _spelled_the_same(value):
        return _contains_in((*columns, "m.rcpt_to"), value)
    return _any([*(_contains(column, value) for column in columns), _rcpt(value)])


def _spelled_the_same(value: str) -> bool:
    """Whether the envelope's recipients, which are kept as JSON, hold the value as it is."""
    return value.isascii() and value.isprintable() and not set(value) & set('"\\[], ')


def _any(clauses: Iterable[Clause]) -> Clause:
    return join("OR", list(clauses))


def _contains(column: str, value: str) -> Clause:
    """The value as a part of a column, whatever its case."""
    return _contains_in((column,), value) if column in _INDEXED and len(value) >= SHORTEST else like(column, value)


def _contains_in(columns: Sequence[str], value: str) -> Clause:
    """The value as a part of one of the columns; the index of words says which messages are worth looking at."""
    return replace(_any(like(column, value) for column in columns), words=candidates(value))


def _both(first: Clause, second: Clause) -> Clause:
    return join("AND", [first, second])


def join(word: Literal["AND", "OR"], clauses: Sequence[Clause]) -> Clause:
    """Conditions of which all, or any, are to hold; what they ask of the index of words becomes one question."""
    if len(clauses) == 1:
        return clauses[0]
    words = [clause.words for clause in clauses if clause.words]
    if word == "OR" and len(words) < len(clauses):
        clauses, words = [clause.narrowed() for clause in clauses], []
    return Clause(
        sql=f" {word} ".join(f"({clause.sql})" for clause in clauses),
        params=tuple(value for clause in clauses for value in clause.params),
        words=f" {word} ".join(f"({one})" for one in words),
    )


def like(column: str, value: str) -> Clause:
    """The same by looking at each message: SQLite folds ASCII, of other letters both forms are tried."""
    forms = {value} if value.isascii() else {value, value.lower(), value.upper(), value.title()}
    escaped = tuple("%" + re.sub(r"([%_!])", r"!\1", form) + "%" for form in sorted(forms))
    return Clause(sql=" OR ".join([f"{column} LIKE ? ESCAPE '!'"] * len(escaped)), params=escaped)


def _equals(column: str, value: str) -> Clause:
    return Clause(sql=f"{column} = ? COLLATE NOCASE", params=(value,))


def _is_address(value: str) -> bool:
    return _ADDRESS.fullmatch(value) is not None


def _address(column: str, value: str) -> Clause:
    """A column that holds one address: a whole address is that one, anything else a part of it."""
    return _equals(column, value) if _is_address(value) else _contains(column, value)


def _mentions(column: str, value: str) -> Clause:
    """A column that holds an address field: a whole address is not found inside a longer one."""
    if not (_is_address(value) and value.isascii()):
        return _contains(column, value)
    # GLOB has no escape character; a wildcard is literal as the only member of a class.
    literal = re.sub(r"([*?\[])", r"[\1]", value.lower())
    pattern = f"*[^{_ATEXT}-]{literal}[^{_ATEXT}-]*"
    exactly = Clause(sql=f"(' ' || lower({column}) || ' ') GLOB ?", params=(pattern,))
    return _both(_contains(column, value), exactly)


def _rcpt(value: str) -> Clause:
    clause = _address("r.address", value)
    found = Clause(sql=_RECIPIENT.format(f"({clause.sql})"), params=clause.params)
    usable = len(value) >= SHORTEST and _spelled_the_same(value)
    return _both(_contains("m.rcpt_to", value), found) if usable else found


def _to(value: str) -> Clause:
    return _any([_mentions("m.to_header", value), _rcpt(value)])


def _outcome(value: str) -> Clause:
    wanted = one_of(value, [str(one) for one in Outcome])
    if wanted in _USUAL:
        return Clause(sql=_RECIPIENT.format("r.outcome = ?"), params=(wanted,))
    found = f"SELECT message FROM recipients WHERE {_TROUBLE}"  # noqa: S608 - a constant
    return Clause(sql=f"m.seq IN ({found})", params=(wanted,))


def _tag(value: str) -> Clause:
    sql = "m.tags <> '[]' AND EXISTS (SELECT 1 FROM json_each(m.tags) t WHERE t.value = ? COLLATE NOCASE)"
    return Clause(sql=sql, params=(value,))


def one_of(value: str, allowed: Sequence[str]) -> str:
    """The value in lower case; `ValueError` when it is none of those that are allowed."""
    if value.lower() not in allowed:
        raise ValueError(f"{value[:40]!r} is none of {', '.join(allowed)}")
    return value.lower()


_IS = {
    "read": Clause(sql="m.read = 1"),
    "unread": Clause(sql="m.read = 0", tally=UNREAD),
    "tagged": Clause(sql="m.tags <> '[]'"),
}


def _is(value: str) -> Clause:
    return _IS[one_of(value, list(_IS))]


def _has(value: str) -> Clause:
    one_of(value, ["attachment", "attachments"])
    return Clause(sql="m.attachments > 0")


def moment(value: str, now: float) -> float:
    """Unix seconds of an ISO 8601 time, or of as long ago as a duration says."""
    ago = value.removeprefix("-")
    try:
        if ago[:1].isdigit() and ago[-1:].lower() in _AGO:
            return now - parse_duration(ago).total_seconds()
        return parse_instant(value).timestamp()
    except ValueError as error:
        raise ValueError(f"{value[:40]!r} is not a time; write 2026-01-31, 2026-01-31T12:00:00Z, 1h or 2d") from error


def _size(value: str) -> float:
    match = _SIZE.fullmatch(value.lower())
    if not match or match[2] not in _UNITS:
        raise ValueError(f"{value[:40]!r} is not a size; write 500, 10k or 2mb")
    return float(match[1]) * _UNITS[match[2]]


FIELDS: Mapping[str, Field] = {
    "from": Field(
        wants="an address or a part of one",
        about="the header From",
        clause=lambda value, _: _mentions("m.sender", value),
    ),
    "to": Field(
        wants="an address or a part of one",
        about="the header To, or a recipient of the envelope",
        clause=lambda value, _: _to(value),
    ),
    "rcpt": Field(
        wants="an address or a part of one",
        about="a recipient of the envelope",
        clause=lambda value, _: _rcpt(value),
    ),
    "envfrom": Field(
        wants="an address or a part of one",
        about="the sender of the envelope",
        clause=lambda value, _: _address("m.mail_from", value),
    ),
    "subject": Field(
        wants="words of the subject", about="the subject", clause=lambda value, _: _contains("m.subject", value)
    ),
    "body": Field(
        wants="words of the text",
        about="the text, or the words of the HTML, and names of attachments",
        clause=lambda value, _: _contains("m.body", value),
    ),
    "provider": Field(
        wants="a provider's name", about="the provider", clause=lambda value, _: _equals("m.provider", value)
    ),
    "channel": Field(
        wants="smtp or https",
        about="how it came in",
        clause=lambda value, _: _equals("m.channel", one_of(value, [str(one) for one in Channel])),
    ),
    "outcome": Field(
        wants="an outcome such as delivered",
        about="what became of at least one recipient",
        clause=lambda value, _: _outcome(value),
    ),
    "user": Field(
        wants="a user's name or a part of it",
        about="who submitted it",
        clause=lambda value, _: _contains("m.user", value),
    ),
    "tag": Field(wants="a tag", about="a tag, in full", clause=lambda value, _: _tag(value)),
    "is": Field(wants="read, unread or tagged", about="its state", clause=lambda value, _: _is(value)),
    "has": Field(wants="the word attachment", about="what it contains", clause=lambda value, _: _has(value)),
    "before": Field(
        wants="a time like 2026-01-31 or 1h",
        about="accepted before a time, or longer ago",
        clause=lambda value, now: Clause(sql="m.accepted < ?", params=(moment(value, now),)),
    ),
    "after": Field(
        wants="a time like 2026-01-31 or 1h",
        about="accepted at a time or later, or not longer ago",
        clause=lambda value, now: Clause(sql="m.accepted >= ?", params=(moment(value, now),)),
    ),
    "larger": Field(
        wants="a size like 10k",
        about="more octets than this",
        clause=lambda value, _: Clause(sql="m.size > ?", params=(_size(value),)),
    ),
    "smaller": Field(
        wants="a size like 10k",
        about="fewer octets than this",
        clause=lambda value, _: Clause(sql="m.size < ?", params=(_size(value),)),
    ),
    "message-id": Field(
        wants="a Message-ID or a part of it",
        about="the Message-ID, with or without angle brackets",
        clause=lambda value, _: _contains("m.message_id", value.strip("<>") or value),
    ),
    "id": Field(
        wants="a message's id",
        about="the sandbox's id of the message",
        clause=lambda value, _: Clause(sql="m.id = ?", params=(value,)),
    ),
    "session": Field(
        wants="a session's id",
        about="the conversation in which it came",
        clause=lambda value, _: Clause(sql="m.session = ?", params=(value,)),
    ),
}
MESSAGES = Grammar(fields=FIELDS, anywhere=anywhere)
