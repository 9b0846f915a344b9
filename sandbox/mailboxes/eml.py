"""A folder with an `.eml` file for each message: its octets and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sandbox.mailboxes.companion import NAME, Companion, CompanionWriter
from sandbox.mailboxes.letters import Letter
from sandbox.mailboxes.maildir import read_file, require_empty, safe


class EmlWriter:
    """Writes a new folder; names are numbers and ids, never anything that a sender wrote."""

    def __init__(self, path: Path) -> None:
        """Make the folder; raises `MailboxError` when there is something in it."""
        require_empty(path)
        self._path = path
        self._companion = CompanionWriter(path / NAME)
        self._number = 0

    def add(self, letter: Letter) -> None:
        """Write a message's file."""
        self._number += 1
        with (self._path / f"{self._number:07}-{safe(letter.about.get('id'))}.eml").open("xb") as file:
            file.write(letter.raw)
        self._companion.add(letter)

    def close(self) -> None:
        """Finish."""
        self._companion.close()


def read_eml(path: Path) -> Iterator[Letter]:
    """One file, or every `.eml` of a folder and of those inside of it, by name."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.suffix.lower() == ".eml")
    companion = Companion((path if path.is_dir() else path.parent) / NAME)
    try:
        for file in files:
            raw = read_file(file)
            yield Letter(raw=raw, about=companion.find(raw) or {}, place=str(file))
    finally:
        companion.close()
