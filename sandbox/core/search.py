"""The search grammar: a query of words, fields, quotes, negation, OR and parentheses becomes a condition.

    query := both ("OR" both)*          both := not ("AND"? not)*         not := ("-" | "NOT")? atom
    atom  := "(" query ")" | field ":" value | value                      value := word | '"' phrase '"'

Parsed in one pass from left to right; what can't be understood is an error that says where, never a term left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sandbox.core.errors import QueryError
from sandbox.core.search_fields import MESSAGES, Field, Grammar, join
from sandbox.core.store.messages import Clause

LONGEST = 1000
"""Characters of a query."""
TERMS = 100
"""Words and fields of a query; SQLite bounds the depth of an expression."""
DEPTH = 20
"""Levels of parentheses and negations."""

Kind = Literal["(", ")", "-", "OR", "AND", "term"]
_FIELD = re.compile(r"([A-Za-z][A-Za-z-]*):(?!//)")
_WORD = re.compile(r'[^\s()"]+')
_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_UNSEARCHABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
_KEYWORDS: dict[str, Kind] = {"OR": "OR", "AND": "AND", "NOT": "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: Kind
    at: int
    """Position of its first character, from 1."""
    field: str = ""
    value: str = ""


def compile_query(query: str, now: float, grammar: Grammar = MESSAGES) -> Clause:
    """The condition that a query means; `now` (Unix seconds) is what `after:1h` counts back from.

    A query without any term fits everything. Raises `QueryError`, which says where it is wrong and what would do.
    """
    if len(query) > LONGEST:
        raise QueryError(f"the query has {len(query)} characters; {LONGEST} are the most")
    if broken := _UNSEARCHABLE.search(query):
        raise QueryError(f"the character at {broken.start() + 1} can't be searched for")
    tokens = _tokens(query, grammar)
    if not tokens:
        return Clause()
    if sum(token.kind == "term" for token in tokens) > TERMS:
        raise QueryError(f"the query has more than {TERMS} terms")
    return _Parser(tokens, len(query) + 1, now, grammar).parse()


def _tokens(query: str, grammar: Grammar) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(query):
        if space := _SPACE.match(query, at):
            at = space.end()
            continue
        token, at = _token(query, at, grammar)
        found.append(token)
    return found


def _token(query: str, at: int, grammar: Grammar) -> tuple[_Token, int]:
    """The token that begins at `at`, and where the next may begin."""
    if query[at] == "(":
        return _Token(kind="(", at=at + 1), at + 1
    if query[at] == ")":
        return _Token(kind=")", at=at + 1), at + 1
    if query[at] == "-" and at + 1 < len(query) and not query[at + 1].isspace() and query[at + 1] not in "-)":
        return _Token(kind="-", at=at + 1), at + 1
    field = _FIELD.match(query, at)
    if field:
        return _field(query, at, field, grammar.fields)
    value, end = _value(query, at)
    keyword = _KEYWORDS.get(query[at:end])
    return _Token(kind=keyword or "term", at=at + 1, value=value), end


def _field(query: str, at: int, match: re.Match[str], fields: Mapping[str, Field]) -> tuple[_Token, int]:
    name = match[1].lower()
    if name not in fields:
        raise QueryError(
            f"unknown field {match[1]!r} at character {at + 1}; fields are {', '.join(fields)};"
            f' to search for the words themselves, quote them: "{match[0]}…"'
        )
    start = match.end()
    if start >= len(query) or query[start].isspace() or query[start] in "()":
        raise QueryError(f"{name}: at character {at + 1} needs {fields[name].wants} right after the colon")
    value, end = _value(query, start)
    if not value.strip():
        raise QueryError(f"{name}: at character {at + 1} is empty; it needs {fields[name].wants}")
    return _Token(kind="term", at=at + 1, field=name, value=value), end


def _value(query: str, at: int) -> tuple[str, int]:
    if query[at] != '"':
        word = _WORD.match(query, at)
        assert word, "spaces, quotes and parentheses were looked at before"
        return word[0], word.end()
    phrase = _PHRASE.match(query, at)
    if not phrase:
        raise QueryError(f'the quote at character {at + 1} is never closed; end it with "')
    return re.sub(r"\\(.)", r"\1", phrase[1], flags=re.DOTALL), phrase.end()


class _Parser:
    """Recursive descent over the tokens; each method returns the condition of what it read."""

    def __init__(self, tokens: list[_Token], end: int, now: float, grammar: Grammar) -> None:
        self._tokens = tokens
        self._end = end
        self._now = now
        self._grammar = grammar
        self._next = 0

    def parse(self) -> Clause:
        clause = self._any(0)
        token = self._peek()
        if token is not None:
            raise QueryError(f"the ) at character {token.at} closes nothing")
        return clause

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, kind: Kind) -> bool:
        token = self._peek()
        if token is None or token.kind != kind:
            return False
        self._next += 1
        return True

    def _any(self, depth: int) -> Clause:
        clauses = [self._every(depth)]
        while self._take("OR"):
            clauses.append(self._every(depth))
        return join("OR", clauses)

    def _every(self, depth: int) -> Clause:
        clauses = [self._negatable(depth)]
        while (token := self._peek()) is not None and token.kind not in (")", "OR"):
            self._take("AND")
            clauses.append(self._negatable(depth))
        return join("AND", clauses)

    def _negatable(self, depth: int) -> Clause:
        if depth > DEPTH:
            raise QueryError(f"parentheses and negations are more than {DEPTH} deep")
        if self._take("-"):
            clause = self._negatable(depth + 1)
            return Clause(sql=f"NOT ({clause.sql})", params=clause.params)
        return self._atom(depth)

    def _atom(self, depth: int) -> Clause:
        token = self._peek()
        if token is None:
            raise QueryError(f"something is missing at character {self._end}: a word, a field or a parenthesis")
        self._next += 1
        if token.kind == "(":
            return self._group(token, depth)
        if token.kind != "term":
            name = "the )" if token.kind == ")" else token.kind
            raise QueryError(f"{name} at character {token.at} needs a word, a field or a parenthesis before it")
        return self._term(token)

    def _group(self, opening: _Token, depth: int) -> Clause:
        clause = self._any(depth + 1)
        if not self._take(")"):
            raise QueryError(f"the ( at character {opening.at} is never closed; end it with )")
        return replace(clause, sql=f"({clause.sql})")

    def _term(self, token: _Token) -> Clause:
        if not token.field:
            return self._grammar.anywhere(token.value)
        try:
            return self._grammar.fields[token.field].clause(token.value, self._now)
        except (ValueError, OverflowError) as error:
            raise QueryError(f"{token.field}: at character {token.at}: {error}") from error
