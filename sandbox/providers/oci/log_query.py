"""The query language of log search, as far as it selects and orders: `search "…" | field = 'value' | sort by field`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Record = Mapping[str, Any]
Test = Callable[[Record], bool]
LENGTH = 8_192
DEPTH = 50
"""Parentheses within parentheses."""
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_@][\w@-]*(?:\.(?:[\w@-]+|\"[^\"]*\"|'[^']*'))*)|(?P<sign>!=|<=|>=|=|<|>|\(|\)|,|\|))"
)


class QueryError(ValueError):
    """A query that can't be understood."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query, read."""

    scopes: Sequence[str]
    """What it searches: compartment, or compartment/log group/log."""
    tests: Sequence[Test] = ()
    order: str = ""
    """The field to sort by; empty keeps the newest first."""
    descending: bool = True
    limit: int | None = None

    def select(self, records: Sequence[Record]) -> list[Record]:
        """The records that pass, in order."""
        found = [record for record in records if all(test(record) for test in self.tests)]
        name = self.order or "datetime"
        found.sort(key=lambda record: _sortable(value_of(record, name)), reverse=self.descending)
        return found if self.limit is None else found[: self.limit]


def value_of(record: Record, name: str) -> Any:
    """The value at a path; what lies in `logContent` may be named with or without it."""
    if name in ("datetime", "time_ms"):
        return record.get("datetime")
    parts = re.findall(r"\"([^\"]*)\"|'([^']*)'|([^.\"']+)", name.removeprefix("logContent."))
    value: Any = record.get("logContent")
    for quoted, single, plain in parts:
        value = value.get(quoted or single or plain) if isinstance(value, Mapping) else None
    return value


def _sortable(value: Any) -> tuple[int, float, str]:
    number = value if isinstance(value, int | float) else 0.0
    return (value is not None, float(number), str(value))


def parse(text: str) -> Query:
    """Read a query; `QueryError` says what can't be understood."""
    if len(text) > LENGTH:
        raise QueryError("the query is too long")
    reader = _Reader(_tokens(text))
    reader.expect("search")
    scopes = [reader.value()]
    while reader.accept(","):
        scopes.append(reader.value())
    query: dict[str, Any] = {"scopes": [str(scope) for scope in scopes]}
    tests: list[Test] = []
    while reader.accept("|"):
        if reader.accept("sort"):
            reader.expect("by")
            query["order"] = reader.name()
            query["descending"] = reader.accept("desc")
            if not query["descending"]:
                reader.accept("asc")
        elif reader.accept("limit") or reader.accept("head"):
            query["limit"] = int(reader.value())
        else:
            reader.accept("where")
            tests.append(reader.either())
    reader.end()
    return Query(tests=tests, **query)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise QueryError(f"{text[at : at + 20]!r} can't be understood")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


@dataclass
class _Reader:
    """Reads expressions from tokens by recursive descent."""

    tokens: Sequence[tuple[str, str]]
    at: int = 0
    depth: int = field(default=0)

    def accept(self, word: str) -> bool:
        """Take the next token when it is this word or sign."""
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("string", "")
        found = kind != "string" and text.lower() == word
        self.at += found
        return found

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise QueryError(f"{word} is missing")

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise QueryError(f"{self.tokens[self.at][1]!r} is unexpected")

    def _take(self, *kinds: str) -> tuple[str, str]:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] not in kinds:
            raise QueryError("the query ends too early" if self.at >= len(self.tokens) else "a value is missing")
        self.at += 1
        return self.tokens[self.at - 1]

    def name(self) -> str:
        return self._take("word")[1]

    def value(self) -> str | float:
        kind, text = self._take("string", "number", "word")
        if kind == "number":
            return float(text) if "." in text else int(text)
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "string" else text

    def either(self) -> Test:
        tests = [self._both()]
        while self.accept("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self.accept("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _one(self) -> Test:
        if self.accept("not"):
            inner = self._one()
            return lambda record: not inner(record)
        if self.accept("("):
            self.depth += 1
            if self.depth > DEPTH:
                raise QueryError("too many parentheses")
            inner = self.either()
            self.expect(")")
            self.depth -= 1
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        name = self.name()
        if self.accept("in"):
            self.expect("(")
            values = [self.value()]
            while self.accept(","):
                values.append(self.value())
            self.expect(")")
            return lambda record: any(_equal(value_of(record, name), value) for value in values)
        sign = self._take("sign")[1]
        if sign not in _SIGNS:
            raise QueryError(f"{sign!r} is no comparison")
        compare, wanted = _SIGNS[sign], self.value()
        return lambda record: compare(value_of(record, name), wanted)


def _equal(found: Any, wanted: str | float) -> bool:
    """Whether a value is the one asked for; `*` in a text stands for anything."""
    if found is None:
        return False
    if isinstance(wanted, str):
        return fnmatchcase(str(found), wanted.replace("[", "[[]")) if "*" in wanted else str(found) == wanted
    return isinstance(found, int | float) and found == wanted


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, str | float], bool]:
    def test(found: Any, wanted: str | float) -> bool:
        if found is None:
            return False
        return compare(str(found), wanted) if isinstance(wanted, str) else compare(found, wanted)

    def safe(found: Any, wanted: str | float) -> bool:
        try:
            return test(found, wanted)
        except TypeError:  # a text compared with a number
            return False

    return safe


_SIGNS: Mapping[str, Callable[[Any, str | float], bool]] = {
    "=": _equal,
    "!=": lambda found, wanted: not _equal(found, wanted),
    "<": _ordered(lambda found, wanted: found < wanted),
    ">": _ordered(lambda found, wanted: found > wanted),
    "<=": _ordered(lambda found, wanted: found <= wanted),
    ">=": _ordered(lambda found, wanted: found >= wanted),
}
