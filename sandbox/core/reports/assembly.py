"""Puts a `multipart/report` together (RFC 6522) without touching an octet of the message it reports on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate

_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f]+")
_LINE = 76
RETURNED_BYTES = 102_400
"""A larger message is returned by its headers only (Postfix's bounce_size_limit is of this order)."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished report: who gets it, and its octets."""

    kind: str
    """`failed`, `delayed`, `complaint` or `auto_reply`."""
    sender: str
    """Header From; the envelope's reverse-path is always null (RFC 3464 §2)."""
    recipient: str
    octets: bytes


@dataclass(frozen=True, kw_only=True)
class Part:
    """One body part."""

    content_type: str
    octets: bytes
    description: str


def one_line(text: str) -> str:
    """Text that may come from anywhere, made fit to stand in a header field: no control characters, one line."""
    return " ".join(_UNSAFE.sub(" ", text).split())


def field(name: str, value: str) -> str:
    """A header field, folded at blanks (RFC 5322 §2.2.3)."""
    line, lines = f"{name}:", []
    for word in one_line(value).split(" "):
        if len(line) + len(word) + 1 > _LINE and line.strip():
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def block(fields: Sequence[tuple[str, str]]) -> str:
    """Fields one below the other; those with an empty value are left out."""
    return "".join(f"{field(name, value)}\r\n" for name, value in fields if value)


def assemble(
    *,
    report_type: str,
    head: Sequence[tuple[str, str]],
    now: float,
    parts: Sequence[Part],
    boundary: str,
) -> bytes:
    """The whole report; `boundary` is made longer until no part contains it."""
    while any(boundary.encode() in part.octets for part in parts):
        boundary += "x"
    content_type = f'multipart/report; report-type={report_type};\r\n boundary="{boundary}"'
    fields = block([*head, ("Date", formatdate(now)), ("Auto-Submitted", "auto-replied")])
    lines = [fields.encode(), f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n".encode()]
    for part in parts:
        encoding = "7bit" if part.octets.isascii() else "8bit"
        lines.append(
            f"--{boundary}\r\nContent-Type: {part.content_type}\r\nContent-Description: {part.description}\r\n"
            f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        )
        lines.append(part.octets if part.octets.endswith(b"\r\n") else part.octets + b"\r\n")
    lines.append(f"--{boundary}--\r\n".encode())
    return b"".join(lines)


def returned(raw: bytes, *, full: bool) -> Part:
    """The message reported on: whole, or its header block when that is wished or the message is large."""
    if full and len(raw) <= RETURNED_BYTES:
        return Part(content_type="message/rfc822", octets=raw, description="Undelivered message")
    end = raw.find(b"\r\n\r\n")
    headers = raw if end < 0 else raw[: end + 2]
    return Part(content_type="text/rfc822-headers", octets=headers, description="Undelivered message headers")
