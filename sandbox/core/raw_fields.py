"""A message as a list of header fields and a body, octet for octet: what signing and the delivered copy work on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_BARE = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class RawField:
    """One header field with its folding and its final CRLF."""

    name: bytes
    """As written; empty for a line that is no field, such as an mbox line in front."""
    octets: bytes

    @property
    def key(self) -> bytes:
        """The name in lower case."""
        return self.name.lower()

    @property
    def value(self) -> bytes:
        """Everything behind the colon, the final CRLF too."""
        return self.octets.partition(b":")[2]


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message taken apart at the empty line; `join` of its parts gives the same octets again."""

    fields: tuple[RawField, ...]
    body: bytes
    ended: bool = True
    """Whether an empty line ended the header block."""

    def all(self, key: bytes) -> list[RawField]:
        """The fields of this name (given in lower case), from top to bottom."""
        return [field for field in self.fields if field.key == key]


def with_crlf(raw: bytes) -> bytes:
    """The message as it goes over the wire: every line ends in CRLF (RFC 5321 section 2.3.8)."""
    return raw if raw.count(b"\n") == raw.count(b"\r\n") else _BARE.sub(b"\r\n", raw)


def split(raw: bytes) -> RawMessage:
    """Take a message with CRLF line ends apart; linear, and never raises whatever the octets are."""
    if raw.startswith(b"\r\n"):
        return RawMessage((), raw[2:])
    end = raw.find(b"\r\n\r\n")
    block = raw if end < 0 else raw[: end + 2]
    return RawMessage(tuple(_fields(block)), b"" if end < 0 else raw[end + 4 :], end >= 0)


def join(fields: Iterable[RawField | bytes], body: bytes) -> bytes:
    """Header fields (each with its CRLF), the empty line, the body."""
    octets = [field.octets if isinstance(field, RawField) else field for field in fields]
    return b"".join([*octets, b"\r\n", body])


def _fields(block: bytes) -> Iterable[RawField]:
    current: list[bytes] = []
    for line in block.removesuffix(b"\r\n").split(b"\r\n"):
        if current and line[:1] not in (b" ", b"\t"):
            yield _field(current)
            current = []
        current.append(line)
    if current != [b""]:
        yield _field(current)


def _field(lines: list[bytes]) -> RawField:
    match = _NAME.match(lines[0])
    return RawField(match[1] if match else b"", b"\r\n".join(lines) + b"\r\n")
