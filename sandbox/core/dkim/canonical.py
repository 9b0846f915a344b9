"""What is hashed: the two canonical forms of header fields and bodies (RFC 6376 section 3.4), all in linear time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sandbox.core.raw_fields import RawField

_BLANKS = re.compile(rb"[ \t]+")
_FOLDED = re.compile(rb"[ \t\r\n]+")


def simple_header(field: RawField) -> bytes:
    """The field exactly as it is (section 3.4.1)."""
    return field.octets


def relaxed_header(field: RawField) -> bytes:
    """Name in lower case, value unfolded with single blanks (section 3.4.2)."""
    return field.key + b":" + _FOLDED.sub(b" ", field.value).strip(b" ") + b"\r\n"


def simple_body(body: bytes) -> bytes:
    """The body with exactly one CRLF at its end (section 3.4.3)."""
    return body[: _end(body)] + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """Runs of blanks as one, none at line ends, no empty lines at the end; empty stays empty (section 3.4.4)."""
    lines = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    kept = lines[: _end(lines)]
    return kept + b"\r\n" if kept else b""


def _end(body: bytes) -> int:
    """Where the body ends without the line ends that follow its last line."""
    end = len(body)
    while end >= 2 and body[end - 2 : end] == b"\r\n":
        end -= 2
    return end


HEADER: Mapping[str, Callable[[RawField], bytes]] = {"simple": simple_header, "relaxed": relaxed_header}
BODY: Mapping[str, Callable[[bytes], bytes]] = {"simple": simple_body, "relaxed": relaxed_body}


def chosen(fields: Sequence[RawField], names: Sequence[bytes]) -> list[RawField]:
    """The fields that a list of names stands for, each name taking the next one from below (section 5.4.2).

    A name without a field left stands for nothing: signed so, it keeps anybody from adding such a field.
    """
    left: dict[bytes, list[RawField]] = {}
    for field in fields:
        left.setdefault(field.key, []).append(field)
    found: list[RawField] = []
    for name in names:
        remaining = left.get(name.lower())
        if remaining:
            found.append(remaining.pop())
    return found
