"""A folder of `cur`, `new` and `tmp` with a file for each message; flags are letters at the end of its name.

Tags that have a letter (`flagged`, `answered`, …) and "read" are in the name too, so that mail programs show them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sandbox.mailboxes.companion import NAME, Companion, CompanionWriter
from sandbox.mailboxes.letters import LARGEST, Letter, MailboxError, accepted

FLAGS = {"D": "draft", "F": "flagged", "P": "passed", "R": "answered", "T": "trashed"}
"""Letter → tag; the letter `S` is "read"."""
_MARK = "!" if os.name == "nt" else ":"
_NUMBERS = re.compile(r"\d+")
_SECONDS = re.compile(r"\d{1,12}")
_SAFE = re.compile(r"[^0-9A-Za-z]")


class MaildirWriter:
    """Writes a new folder."""

    def __init__(self, path: Path) -> None:
        """Make the folder; raises `MailboxError` when there is something in it."""
        require_empty(path)
        for name in ("cur", "new", "tmp"):
            (path / name).mkdir(parents=True)
        self._path = path
        self._companion = CompanionWriter(path / NAME)
        self._number = 0

    def add(self, letter: Letter) -> None:
        """Write a message: to `tmp`, and from there to its place."""
        self._number += 1
        about = letter.about
        flags = "".join(sorted([*("S" if about.get("read") else ""), *_letters(about.get("tags") or ())]))
        name = f"{int(letter.moment)}.{self._number:07}_{safe(about.get('id'))}.email-sandbox"
        unfinished = self._path / "tmp" / name
        with unfinished.open("xb") as file:
            file.write(letter.raw)
        unfinished.rename(self._path / "cur" / f"{name}{_MARK}2,{flags}" if flags else self._path / "new" / name)
        self._companion.add(letter)

    def close(self) -> None:
        """Finish."""
        self._companion.close()


def _letters(tags: Sequence[str]) -> list[str]:
    return [letter for letter, tag in FLAGS.items() if tag in tags]


def safe(name: object) -> str:
    """An id as a part of a file name: letters and digits only."""
    return _SAFE.sub("", str(name or ""))[:40] or "message"


def require_empty(path: Path) -> None:
    """Raise `MailboxError` unless `path` is an empty folder or can become one."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise MailboxError(f"{path} is there already: choose another name, or an empty folder")
    path.mkdir(parents=True, exist_ok=True)


def read_maildir(path: Path) -> Iterator[Letter]:
    """Every message, oldest first by name, then those of its sub-folders (`.Name`), which become tags."""
    companion = Companion(path / NAME)
    try:
        yield from _folder(path, companion, [])
        for inner in sorted(path.glob(".*")):
            if (inner / "cur").is_dir():
                yield from _folder(inner, companion, [inner.name.lstrip(".")])
    finally:
        companion.close()


def _folder(path: Path, companion: Companion, tags: Sequence[str]) -> Iterator[Letter]:
    files = [file for name in ("cur", "new") if (path / name).is_dir() for file in (path / name).iterdir()]
    for file in sorted((one for one in files if one.is_file()), key=_order):
        raw = read_file(file)
        about = companion.find(raw)
        yield Letter(raw=raw, about=_said(file, tags) if about is None else about, place=str(file))


def _order(file: Path) -> tuple[list[int], str]:
    return [int(number) for number in _NUMBERS.findall(file.name)[:4]], file.name


def read_file(file: Path) -> bytes:
    """The octets of a message's own file; `MailboxError` when there are too many."""
    if file.stat().st_size > LARGEST:
        raise MailboxError(f"{file} is larger than {LARGEST} octets")
    return file.read_bytes()


def _said(file: Path, tags: Sequence[str]) -> dict[str, Any]:
    """What a file's name says: flags, and when it came."""
    _, _, flags = file.name.replace("!2,", ":2,").partition(":2,")
    said: dict[str, Any] = {"read": "S" in flags, "tags": [*tags, *(FLAGS[one] for one in flags if one in FLAGS)]}
    seconds = _SECONDS.match(file.name)
    if seconds:
        said["times"] = accepted(int(seconds[0]))
    return said
