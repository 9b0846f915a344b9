"""Makes the MIME message of a formatted email as the service does: fields in its order, parts with its boundaries.

Header text that is not plain ASCII becomes encoded words (RFC 2047), long lines are folded (RFC 5322 section 2.2.3),
and no text of a field can end a header line.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sandbox.providers.ses.mailboxes import Mailbox

LINE = 76
"""Characters that a folded line should not exceed."""
HARD_LINE = 900
"""A word longer than this can't stay on one line (RFC 5322 section 2.1.1 allows 998 octets)."""
WORD = 42
"""Octets in one encoded word: 56 characters of base64 and 12 around them."""
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ENDS = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_ENCODINGS = {"BASE64": "base64", "QUOTED_PRINTABLE": "quoted-printable", "SEVEN_BIT": "7bit"}


@dataclass(frozen=True, kw_only=True)
class Text:
    """Text in a character set."""

    data: str
    charset: str = "UTF-8"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a message."""

    content: bytes = field(repr=False)
    name: str
    type: str = "application/octet-stream"
    inline: bool = False
    content_id: str = ""
    description: str = ""
    encoding: str = "BASE64"
    """BASE64, QUOTED_PRINTABLE or SEVEN_BIT."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A formatted email."""

    sender: Mailbox
    to: Sequence[Mailbox] = ()
    cc: Sequence[Mailbox] = ()
    reply_to: Sequence[Mailbox] = ()
    subject: Text
    text: Text | None = None
    html: Text | None = None
    headers: Sequence[tuple[str, str]] = ()
    attachments: Sequence[Attachment] = ()


def build(draft: Draft, boundary: Callable[[], str]) -> bytes:
    """The message with CRLF line ends, without Bcc, Date and Message-ID; each call of `boundary` gives another one."""
    head = [
        _field("From", _shown([draft.sender])),
        _field("Reply-To", _shown(draft.reply_to)),
        _field("To", _shown(draft.to)),
        _field("Cc", _shown(draft.cc)),
        _field("Subject", _line(draft.subject.data, "Subject", draft.subject.charset)) or "Subject: \r\n",
        *(_field(name, _line(value, name)) for name, value in draft.headers),
        _field("MIME-Version", "1.0"),
    ]
    return "".join(head).encode("ascii") + _content(draft, boundary)


def _content(draft: Draft, boundary: Callable[[], str]) -> bytes:
    body = _body(draft, boundary)
    inline = [one for one in draft.attachments if one.inline]
    attached = [one for one in draft.attachments if not one.inline]
    if inline:
        body = _multipart("related", [body, *map(_attachment, inline)], boundary())
    if attached:
        body = _multipart("mixed", [body, *map(_attachment, attached)], boundary())
    return body


def _body(draft: Draft, boundary: Callable[[], str]) -> bytes:
    parts = [_part(kind, text) for kind, text in (("plain", draft.text), ("html", draft.html)) if text is not None]
    if len(parts) == 1:
        return parts[0]
    return _multipart("alternative", parts, boundary()) if parts else _part("plain", Text(data=""))


def _multipart(kind: str, parts: Iterable[bytes], boundary: str) -> bytes:
    head = f'Content-Type: multipart/{kind}; \r\n boundary="{boundary}"\r\n\r\n'.encode()
    rule = f"--{boundary}".encode()
    return head + b"".join(rule + b"\r\n" + part + b"\r\n" for part in parts) + rule + b"--\r\n"


def _part(kind: str, text: Text) -> bytes:
    octets = "\r\n".join(_ENDS.split(text.data)).encode(text.charset, "replace")
    encoding, encoded = _encode(octets)
    head = f"Content-Type: text/{kind}; charset={text.charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + encoded


def _attachment(one: Attachment) -> bytes:
    encoding = _ENCODINGS[one.encoding]
    if encoding == "7bit" and not one.content.isascii():
        encoding = "base64"
    kind = one.type if _TOKEN.fullmatch(one.type.partition(";")[0].strip()) else "application/octet-stream"
    place = "inline" if one.inline else "attachment"
    head = [
        f"Content-Type: {_CONTROLS.sub(' ', kind)}; {_parameter('name', one.name)}\r\n",
        f"Content-Disposition: {place}; {_parameter('filename', one.name)}\r\n",
        f"Content-Transfer-Encoding: {encoding}\r\n",
        _field("Content-ID", f"<{_CONTROLS.sub('', one.content_id)}>" if one.content_id else ""),
        _field("Content-Description", _line(one.description, "Content-Description")),
    ]
    return "".join(head).encode("ascii", "replace") + b"\r\n" + _AS[encoding](one.content)


def _parameter(name: str, value: str) -> str:
    plain = _CONTROLS.sub(" ", value)
    if _PLAIN.fullmatch(plain):
        return f'{name}="' + re.sub(r'(["\\])', r"\\\1", plain) + '"'
    return f'{name}="{_encoded_words(plain, "UTF-8")}"'.replace("\r\n ", "\r\n  ")


def _encode(octets: bytes) -> tuple[str, bytes]:
    """The transfer encoding that suits the octets, and the octets in it."""
    if octets.isascii() and b"\0" not in octets and max(map(len, octets.split(b"\r\n"))) <= HARD_LINE:
        return "7bit", octets
    return "quoted-printable", _quoted_printable(octets)


def _quoted_printable(octets: bytes) -> bytes:
    # The encoder takes its line end from the first line of its input, so that there has to be one.
    return binascii.b2a_qp(octets + b"\r\n", istext=True).removesuffix(b"\r\n")


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n").removesuffix(b"\r\n")


_AS: dict[str, Callable[[bytes], bytes]] = {
    "base64": _base64,
    "quoted-printable": lambda octets: binascii.b2a_qp(octets, istext=False).replace(b"=\n", b"=\r\n"),
    "7bit": lambda octets: octets,
}


def _field(name: str, value: str) -> str:
    return f"{name}: {value}\r\n" if value else ""


def _shown(mailboxes: Iterable[Mailbox]) -> str:
    return ",\r\n ".join(_mailbox(mailbox) for mailbox in mailboxes)


def _mailbox(mailbox: Mailbox) -> str:
    name = _CONTROLS.sub(" ", mailbox.name).strip()
    return f"{_phrase(name)} <{mailbox.address}>" if name else mailbox.address


def _phrase(name: str) -> str:
    if not _PLAIN.fullmatch(name) or "=?" in name or len(name) > LINE:
        return _encoded_words(name, "UTF-8")
    if _ATOMS.fullmatch(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _line(value: str, name: str, charset: str = "UTF-8") -> str:
    """Unstructured text behind the name of its field."""
    line = _CONTROLS.sub(" ", value).strip()
    if not _PLAIN.fullmatch(line):
        return _encoded_words(line, charset)
    words = line.split(" ")
    if max(map(len, words)) > HARD_LINE:
        return _encoded_words(line, charset)
    return "\r\n ".join(_lines(words, LINE - len(name) - 2))


def _lines(words: list[str], room: int) -> Iterable[str]:
    """The words on lines, the first of which has less room."""
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > room and line.strip():
            yield line
            line, room = word, LINE - 1
        else:
            line = f"{line} {word}"
    yield line


def _encoded_words(text: str, charset: str) -> str:
    words: list[str] = []
    piece = b""
    for character in text:
        octets = character.encode(charset, "replace")
        if len(piece) + len(octets) > WORD:
            words.append(_encoded_word(piece, charset))
            piece = b""
        piece += octets
    words.append(_encoded_word(piece, charset))
    return "\r\n ".join(words)


def _encoded_word(octets: bytes, charset: str) -> str:
    return f"=?{charset}?B?{base64.b64encode(octets).decode()}?="
