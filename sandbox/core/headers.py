"""The header block, split once and linearly; the body is not looked at here.

Python's own header parsers are quadratic or raise on hostile input, so nothing on the accept path uses them: fields
are found by line ends, addresses by one expression with a bounded fallback, encoded words by the codec table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import getaddresses
from typing import NamedTuple

from sandbox.core.errors import Condition, Refusal

ADDRESSES = 1000
"""Addresses read from one field; what comes after them is not looked at."""
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[ \t]*")
_ADDR_SPEC = r'[^\s<>@,;:()"\\]+@[^\s<>@,;:()"\\]+'
_PLAIN = re.compile(rf'\s*(?:"?([^"<>@,;:()\\]*)"?\s*<\s*({_ADDR_SPEC})\s*>|({_ADDR_SPEC}))\s*')
_ADDRESS_FIELD = 65_536
"""Octets of an address field that the fallback parser may be given; more than any real message has."""


class Field(NamedTuple):
    """One header field: its name as written, and its value with folding removed."""

    name: str
    value: str


class HeaderBlock:
    """The fields of one message, in order."""

    def __init__(self, fields: list[Field], length: int) -> None:
        self.fields = fields
        self.length = length
        """Octets of the block, without the empty line that ends it."""
        self._values: dict[str, list[str]] = {}
        for field in fields:
            self._values.setdefault(field.name.lower(), []).append(field.value)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def all(self, name: str) -> list[str]:
        """Every value of a field, matched without regard to case."""
        return list(self._values.get(name.lower(), ()))

    def first(self, name: str) -> str:
        """The first value of a field, empty when there is none."""
        values = self._values.get(name.lower())
        return values[0] if values else ""

    def decoded(self, name: str) -> str:
        """The first value with encoded words (RFC 2047) decoded."""
        return decode_words(self.first(name))


def split(raw: bytes, limit: int) -> HeaderBlock:
    """Read the header block of a message.

    Raises `Refusal(UNPARSABLE)` when there is no field at all, a line that is none, or a block over `limit` octets.
    """
    if raw.startswith((b"\r\n", b"\n")):
        raise Refusal(Condition.UNPARSABLE)
    end, ended = _end_of_headers(raw, limit)
    if end > limit:
        raise Refusal(Condition.UNPARSABLE)
    fields: list[Field] = []
    for number, line in enumerate(_unfold(raw[:end])):
        match = _FIELD.match(line)
        if match:
            fields.append(Field(match[1].decode("ascii"), line[match.end() :].decode("utf-8", "replace")))
        elif not (number == 0 and line.startswith(b"From ")):  # an mbox line in front, as sendmail programs leave it
            raise Refusal(Condition.UNPARSABLE)
    if not fields or not (ended or end == len(raw)):
        raise Refusal(Condition.UNPARSABLE)
    return HeaderBlock(fields, end)


def _end_of_headers(raw: bytes, limit: int) -> tuple[int, bool]:
    """Where the block ends, and whether an empty line ended it; searches just past the limit at most."""
    within = limit + 4
    strict = raw.find(b"\r\n\r\n", 0, within)
    bare = raw.find(b"\n\n", 0, within if strict < 0 else strict)
    end = strict if bare < 0 else bare
    return (end, True) if end >= 0 else (len(raw), False)


def _unfold(block: bytes) -> Iterator[bytes]:
    """Logical lines: a line that begins with white space continues the one before."""
    current: list[bytes] = []
    for line in block.replace(b"\r\n", b"\n").split(b"\n"):
        if line[:1] in (b" ", b"\t") and current:
            current.append(line)
        else:
            if current:
                yield b"".join(current)
            current = [line]
    if current and current != [b""]:
        yield b"".join(current)


def addresses(value: str) -> list[str]:
    """The addr-specs of an address field, in order; empty when there is none that can be read."""
    plain = _plain_addresses(value)
    if plain is not None:
        return plain
    if len(value) > _ADDRESS_FIELD:
        return []
    try:
        found = getaddresses([value])
    except (RecursionError, ValueError, IndexError, AttributeError):
        return []
    return [address for _, address in found[:ADDRESSES] if "@" in address]


def _plain_addresses(value: str) -> list[str] | None:
    """The quick way for fields without comments, groups or escapes; None when the field needs the slow way."""
    found: list[str] = []
    at = 0
    while at < len(value) and len(found) < ADDRESSES:
        match = _PLAIN.match(value, at)
        if not match:
            return None
        found.append(match[2] or match[3])
        at = match.end()
        if at < len(value):
            if value[at] != ",":
                return None
            at += 1
    return found


def decode_words(value: str) -> str:
    """Text with RFC 2047 encoded words decoded; what can't be decoded stays as it is."""
    if "=?" not in value or value.count("=?") > ADDRESSES:
        return value
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError, RecursionError):
        return value
    return "".join(_decode_part(part, charset) for part, charset in parts)


def _decode_part(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "ascii", "replace")
    except (LookupError, UnicodeError):
        return part.decode("latin-1")
