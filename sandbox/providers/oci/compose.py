"""Makes the MIME message of a draft: linear in its size, and no field's text can end a header line.

Header text that is not plain ASCII becomes encoded words (RFC 2047), long lines are folded (RFC 5322 section 2.2.3),
bodies that are not plain ASCII lines become quoted-printable or base64, whichever suits them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from sandbox.providers.oci.draft import Draft, Mailbox

LINE = 76
"""Characters that a folded line should not exceed."""
HARD_LINE = 900
"""A word longer than this can't stay on one line (RFC 5322 section 2.1.1 allows 998 octets)."""
_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORD_BYTES = 42
"""Octets in one encoded word: 56 characters of base64 and 12 around them."""


def compose(draft: Draft, *, message_id: str, now: float, boundary: str) -> bytes:
    """The message, with CRLF line ends; Bcc recipients appear nowhere in it.

    `message_id` is without angle brackets, `now` in Unix seconds, `boundary` separates the parts if there are two.
    """
    head = [
        ("Date", _date(int(now))),
        ("From", _mailbox(draft.sender)),
        ("To", _shown(draft.to) or ("" if draft.cc else "undisclosed-recipients:;")),
        ("Cc", _shown(draft.cc)),
        ("Reply-To", _shown(draft.reply_to)),
        ("Subject", _text(draft.subject, len("Subject: "))),
        ("Message-ID", f"<{message_id}>"),
    ]
    lines = [f"{name}: {value}\r\n" for name, value in head if value]
    lines += [_own(name, value) for name, value in draft.headers.items()]
    lines.append("MIME-Version: 1.0\r\n")
    return "".join(lines).encode("ascii") + _content(draft, boundary)


@lru_cache(maxsize=8)  # it has whole seconds, of which every message of the same second wants the same
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def _content(draft: Draft, boundary: str) -> bytes:
    """The body with its content headers."""
    parts = [_part(kind, body) for kind, body in (("plain", draft.text), ("html", draft.html)) if body]
    if len(parts) == 1:
        return parts[0]
    head = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode()
    rule = f"--{boundary}".encode()
    return head + b"".join(rule + b"\r\n" + part + b"\r\n" for part in parts) + rule + b"--\r\n"


def _part(kind: str, body: str) -> bytes:
    octets = _LINE_END.sub("\r\n", body).encode("utf-8", "replace")
    encoding, encoded = _encode(octets)
    charset = "us-ascii" if octets.isascii() else "utf-8"
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + encoded


def _encode(octets: bytes) -> tuple[str, bytes]:
    """The transfer encoding that suits the octets, and the octets in it."""
    if octets.isascii() and b"\0" not in octets and _longest_line(octets) <= HARD_LINE:
        return "7bit", octets
    if sum(octet > 126 for octet in octets[:4096]) * 6 > len(octets[:4096]):
        return "base64", base64.encodebytes(octets).replace(b"\n", b"\r\n")
    # The encoder takes its line end from the first line of its input, so that there has to be one.
    return "quoted-printable", binascii.b2a_qp(octets + b"\r\n", istext=True).removesuffix(b"\r\n")


def _own(name: str, value: str) -> str:
    """A field that the client wishes for, which may be empty."""
    text = _text(value, len(name) + 2)
    return f"{name}: {text}\r\n" if text else f"{name}:\r\n"


def _longest_line(octets: bytes) -> int:
    """How long the longest line is; not looked for where all of them together are not long."""
    return len(octets) if len(octets) <= HARD_LINE else max(map(len, octets.split(b"\r\n")))


def _shown(mailboxes: Iterable[Mailbox]) -> str:
    return ",\r\n ".join([_mailbox(mailbox) for mailbox in mailboxes])


def _mailbox(mailbox: Mailbox) -> str:
    name = mailbox.name and _CONTROLS.sub(" ", mailbox.name).strip()
    if not name:
        return mailbox.email
    return f"{_phrase(name)} <{mailbox.email}>"


def _phrase(name: str) -> str:
    if not _PLAIN.fullmatch(name) or "=?" in name or len(name) > LINE:
        return _encoded_words(name)
    if _ATOMS.fullmatch(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _text(value: str, used: int) -> str:
    """Unstructured text that fits behind `used` characters of its first line."""
    line = _CONTROLS.sub(" ", value).strip()
    if not _PLAIN.fullmatch(line) or "=?" in line or "  " in line:
        return _encoded_words(line)
    if len(line) <= LINE - used:
        return line
    words = line.split(" ")
    if max(map(len, words)) > HARD_LINE:
        return _encoded_words(line)
    return "\r\n ".join(_lines(words, LINE - used))


def _lines(words: list[str], room: int) -> Iterator[str]:
    """The words on lines, the first of which has less room."""
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > room:
            yield line
            line, room = word, LINE - 1
        else:
            line = f"{line} {word}"
    yield line


def _encoded_words(text: str) -> str:
    words: list[str] = []
    piece = b""
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(piece) + len(octets) > _WORD_BYTES:
            words.append(_encoded_word(piece))
            piece = b""
        piece += octets
    words.append(_encoded_word(piece))
    return "\r\n ".join(words)


def _encoded_word(octets: bytes) -> str:
    return f"=?UTF-8?B?{base64.b64encode(octets).decode()}?="
