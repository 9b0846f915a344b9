"""One file with all messages, in the variant whose quoting can be undone (`mboxrd`): every `From ` line gains a `>`.

The octets stay as they are, line ends included. Each message ends with a line feed of its own if it has none, and an
empty line; the companion file tells which had none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import IO, Any

from sandbox.mailboxes.companion import Companion, CompanionWriter
from sandbox.mailboxes.letters import LARGEST, Letter, MailboxError, accepted

_QUOTABLE = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_LINE = 1024 * 1024
"""Octets of a line that are read in one go."""
_SENDER = re.compile(r"[^!-~]")
_EMPTY = (b"\n", b"\r\n")


def companion_of(path: Path) -> Path:
    """The companion file of a mailbox."""
    return path.with_name(path.name + ".jsonl")


class MboxWriter:
    """Writes a new file."""

    def __init__(self, path: Path) -> None:
        """Make the file; raises `MailboxError` when there is one already."""
        if path.exists():
            raise MailboxError(f"{path} exists already: choose another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._companion = CompanionWriter(companion_of(path))
        self._file: IO[bytes] = path.open("xb")

    def add(self, letter: Letter) -> None:
        """Append a message."""
        envelope = letter.about.get("envelope") or {}
        sender = _SENDER.sub("_", str(envelope.get("mail_from") or "")) or "MAILER-DAEMON"
        moment = datetime.fromtimestamp(letter.moment, UTC)
        # The days and months of the C locale, whatever the machine's is.
        day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
        self._file.write(f"From {sender} {day} {month} {moment.day:2} {moment:%H:%M:%S} {moment.year:04}\n".encode())
        self._file.write(_QUOTABLE.sub(rb">\1", letter.raw))
        self._file.write(b"\n" if letter.raw.endswith(b"\n") else b"\n\n")
        self._companion.add(letter)

    def close(self) -> None:
        """Finish the files."""
        self._file.close()
        self._companion.close()


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_mbox(path: Path) -> Iterator[Letter]:
    """Every message in the order of the file; `MailboxError` when it is no mailbox or a message is too large."""
    companion = Companion(companion_of(path))
    try:
        with path.open("rb") as file:
            for number, (head, octets) in enumerate(_split(path, file), 1):
                yield _letter(companion, head, octets, f"{path}, message {number}")
    finally:
        companion.close()


def _split(path: Path, file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(`From ` line, what follows it until the next) of each message."""
    head, found, after_empty, at_start = b"", bytearray(), True, True
    while line := file.readline(_LINE):
        if at_start and after_empty and line.startswith(b"From "):
            if head:
                yield head, bytes(found)
            head, found = line, bytearray()
        elif not head:
            if line not in _EMPTY:
                raise MailboxError(f'{path} is no mbox file: it does not begin with "From "')
        else:
            found += line
            if len(found) > LARGEST * 2:
                raise MailboxError(f"{path}: a message is larger than {LARGEST} octets")
        after_empty, at_start = at_start and line in _EMPTY, line.endswith(b"\n")
    if head:
        yield head, bytes(found)


def _letter(companion: Companion, head: bytes, octets: bytes, place: str) -> Letter:
    """The message without its empty line, and without its line feed where that was not its own."""
    ended = next((octets[: -len(empty)] for empty in reversed(_EMPTY) if octets.endswith(b"\n" + empty)), octets)
    raw = _QUOTED.sub(rb"\1", ended)
    for octets_then in (raw, raw.removesuffix(b"\n")):
        about = companion.find(octets_then)
        if about is not None:
            return Letter(raw=octets_then, about=about, place=place)
    return Letter(raw=raw, about=_said(head), place=place)


def _said(head: bytes) -> dict[str, Any]:
    """What the `From ` line says: when it came."""
    with suppress(ValueError, TypeError, OverflowError):
        words = head.decode("latin-1").split(" ", 2)
        parts = parsedate_tz(words[2].strip()[:100]) if len(words) == 3 else None
        if parts is not None:
            return {"times": accepted(mktime_tz((*parts[:9], parts[9] or 0)))}
    return {}
