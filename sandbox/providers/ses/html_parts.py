"""Changes the HTML and text of a message and leaves every other octet as it was."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Callable, Iterator
from email.message import Message

from sandbox.core.raw_fields import RawField, RawMessage, join, split

DEPTH = 20
PARTS = 500
_BASE64, _QUOTED = "base64", "quoted-printable"
Edit = Callable[[str, str], str]
"""(`html` or `plain`, the text) → the text to put in its place."""


class _Budget:
    """How many parts may still be looked at."""

    def __init__(self) -> None:
        self.left = PARTS


def edited(raw: bytes, edit: Edit) -> bytes:
    """The message (CRLF line ends) with `edit` applied to each part that a reader sees as text.

    Attachments stay, and so do parts that are signed or encrypted, and those that can't be decoded.
    """
    return _edited(raw, edit, DEPTH, _Budget())


def texts(raw: bytes) -> Iterator[tuple[str, str]]:
    """(`html` or `plain`, text) of each part that a reader sees as text, in order."""
    found: list[tuple[str, str]] = []

    def note(kind: str, text: str) -> str:
        found.append((kind, text))
        return text

    edited(raw, note)
    return iter(found)


def _edited(raw: bytes, edit: Edit, depth: int, budget: _Budget) -> bytes:
    budget.left -= 1
    parts = split(raw)
    about = _about(parts)
    if depth <= 0 or budget.left < 0:
        return raw
    if about.get_content_maintype() == "multipart":
        boundary = _parameter(about, "boundary")
        if about.get_content_subtype() in ("signed", "encrypted") or not boundary:
            return raw
        body = _multipart(parts.body, boundary.encode("latin-1", "replace"), edit, depth, budget)
        return raw if body is parts.body else join(parts.fields, body)
    if about.get_content_type() in ("text/html", "text/plain") and about.get_content_disposition() != "attachment":
        return _text(raw, parts, about, edit)
    return raw


def _multipart(body: bytes, boundary: bytes, edit: Edit, depth: int, budget: _Budget) -> bytes:
    """The body with its parts edited; the delimiters and what stands around the parts stay."""
    delimiter = re.compile(rb"(?:^|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r\n|$)")
    found: list[bytes] = []
    at, start = 0, -1
    for match in delimiter.finditer(body):
        if start >= 0:
            found += [body[at:start], _edited(body[start : match.start()], edit, depth - 1, budget)]
            at = match.start()
        start = match.end()
        if match[1]:
            break
    found.append(body[at:])
    made = b"".join(found)
    return body if made == body else made


def _text(raw: bytes, parts: RawMessage, about: Message, edit: Edit) -> bytes:
    encoding = str(about.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    charset = _charset(about)
    try:
        text = _decoded(parts.body, encoding).decode(charset)
    except (ValueError, binascii.Error):
        return raw
    changed = edit(about.get_content_subtype(), text)
    if changed == text:
        return raw
    octets = changed.encode(charset, "xmlcharrefreplace")
    wanted = encoding if encoding in (_BASE64, _QUOTED) else "7bit"
    if wanted == "7bit" and (not octets.isascii() or max(map(len, octets.split(b"\r\n"))) > 990):
        wanted = _QUOTED
    fields = parts.fields if wanted == encoding else _with_encoding(parts.fields, wanted)
    return join(fields, _encoded(octets, wanted))


def _with_encoding(fields: tuple[RawField, ...], encoding: str) -> list[RawField | bytes]:
    kept: list[RawField | bytes] = [one for one in fields if one.key != b"content-transfer-encoding"]
    return [*kept, f"Content-Transfer-Encoding: {encoding}\r\n".encode("ascii")]


def _decoded(body: bytes, encoding: str) -> bytes:
    if encoding == _BASE64:
        return base64.b64decode(b"".join(body.split()), validate=True)
    if encoding == _QUOTED:
        return quopri.decodestring(body)
    return body


def _encoded(octets: bytes, encoding: str) -> bytes:
    if encoding == _BASE64:
        return base64.encodebytes(octets).replace(b"\n", b"\r\n")
    if encoding == _QUOTED:
        lines = octets.split(b"\r\n")
        return b"\r\n".join(quopri.encodestring(line).replace(b"\n", b"\r\n") for line in lines)
    return octets


def _about(parts: RawMessage) -> Message:
    """The fields that say what a part is, for the standard library's reading of their parameters."""
    about = Message()
    for one in parts.fields:
        if one.key.startswith(b"content-") and len(one.octets) < 10_000:
            value = b" ".join(one.value.split()).decode("latin-1")
            about[one.name.decode("ascii")] = value
    return about


def _charset(about: Message) -> str:
    found = _parameter(about, "charset") or "us-ascii"
    try:
        if codecs.lookup(found)._is_text_encoding:  # noqa: SLF001 - no public name; rot13, zlib and their like
            return "utf-8" if found.lower() in ("us-ascii", "ascii") else found
    except (LookupError, ValueError):
        pass
    return "utf-8"


def _parameter(about: Message, name: str) -> str:
    try:
        found = about.get_param(name)
    except Exception:  # noqa: BLE001 - malformed parameters raise whatever they happen to trip over
        return ""
    return found if isinstance(found, str) else ""
