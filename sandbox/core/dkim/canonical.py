"""What is hashed: the two canonical forms of header fields and bodies (RFC 6376 section 3.4), all in linear time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import cast

from sandbox.core.raw_fields import RawField


@cache
def _library() -> ModuleType:
    """The canonical forms of dkimpy; loaded when first needed, since it takes as long as half a start."""
    from dkim import canonicalization  # noqa: PLC0415 - see above

    return cast("ModuleType", canonicalization)


def simple_header(field: RawField) -> bytes:
    """The field exactly as it is (section 3.4.1)."""
    return field.octets


def relaxed_header(field: RawField) -> bytes:
    """Name in lower case, value unfolded with single blanks (section 3.4.2)."""
    ((name, value),) = _library().Relaxed.canonicalize_headers([(field.key, field.value)])
    return bytes(name + b":" + value)


def simple_body(body: bytes) -> bytes:
    """The body with exactly one CRLF at its end (section 3.4.3)."""
    return bytes(_library().Simple.canonicalize_body(body))


def relaxed_body(body: bytes) -> bytes:
    """Runs of blanks as one, none at line ends, no empty lines at the end; empty stays empty (section 3.4.4).

    The library's own composition looks for blanks at line ends first, which takes quadratic time on a body of blanks.
    """
    library = _library()
    lines = library.compress_whitespace(body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    return bytes(library.correct_empty_body(library.strip_trailing_lines(lines)))


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
