"""The file beside an exported mailbox: a line of JSON for each message, with envelope, flags and tags.

Messages are found in it by the SHA-256 of their octets, so that other programs may sort, thin out or rename a mailbox
in between.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from sandbox.mailboxes.letters import Letter, MailboxError

NAME = "email-sandbox.jsonl"
"""Its name inside of a folder; beside a file it is the file's name and `.jsonl`."""
LONGEST_LINE = 16 * 1024 * 1024
_KEPT = (
    "id", "provider", "channel", "envelope", "recipients", "times", "read", "tags", "attributes", "subject", "sha256",
)  # fmt: skip


class CompanionWriter:
    """Writes a line for each message."""

    def __init__(self, path: Path) -> None:
        """Make the file; it must not be there yet."""
        self._file: IO[str] = path.open("x", encoding="utf-8", newline="\n")

    def add(self, letter: Letter) -> None:
        """Write the line of a message."""
        kept = {name: letter.about[name] for name in _KEPT if name in letter.about}
        kept["sha256"] = hashlib.sha256(letter.raw).hexdigest()
        self._file.write(json.dumps(kept, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class Companion:
    """Reads it: only where each line begins is kept in memory."""

    def __init__(self, path: Path) -> None:
        """Look the file through; one that is not there knows nothing. Raises `MailboxError` for one that is damaged."""
        self._path = path
        self._places: dict[str, deque[int]] = defaultdict(deque)
        self._file: IO[bytes] | None = None
        if path.is_file():
            self._file = path.open("rb")
            try:
                self._look_through(self._file)
            except BaseException:
                self._file.close()
                raise

    def _look_through(self, file: IO[bytes]) -> None:
        place = 0
        while line := file.readline(LONGEST_LINE):
            about = self._parse(line)
            self._places[str(about.get("sha256"))].append(place)
            place += len(line)

    def _parse(self, line: bytes) -> dict[str, Any]:
        try:
            about = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise MailboxError(f"{self._path} is damaged ({error}); without it, the mail can still be read") from error
        if not isinstance(about, dict):
            raise MailboxError(f"{self._path} is damaged; without it, the mail can still be read")
        return about

    def find(self, raw: bytes) -> Mapping[str, Any] | None:
        """What is known about these octets; each line is given out once."""
        places = self._places.get(hashlib.sha256(raw).hexdigest())
        if not places or self._file is None:
            return None
        self._file.seek(places.popleft())
        about = self._parse(self._file.readline(LONGEST_LINE))
        about.pop("sha256", None)
        about.pop("subject", None)
        return about

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
