"""The formats by name, and telling which one a path is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sandbox.mailboxes.eml import EmlWriter, read_eml
from sandbox.mailboxes.letters import Letter, MailboxError
from sandbox.mailboxes.maildir import MaildirWriter, read_maildir
from sandbox.mailboxes.mbox import MboxWriter, read_mbox


class Writer(Protocol):
    """A mailbox that is being written."""

    def add(self, letter: Letter) -> None:
        """Append a message."""
        ...

    def close(self) -> None:
        """Finish the files."""
        ...


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a format is written and read."""

    make: Callable[[Path], Writer]
    read: Callable[[Path], Iterator[Letter]]


FORMATS: Mapping[str, Format] = {
    "eml": Format(make=EmlWriter, read=read_eml),
    "mbox": Format(make=MboxWriter, read=read_mbox),
    "maildir": Format(make=MaildirWriter, read=read_maildir),
}


@contextmanager
def write(name: str, path: Path) -> Iterator[Writer]:
    """A new mailbox of a format; `MailboxError` when it can't be made or written."""
    try:
        writer = FORMATS[name].make(path)
        try:
            yield writer
        finally:
            writer.close()
    except OSError as error:
        raise MailboxError(f"{path} can't be written ({error.strerror or error})") from error


def read(path: Path, name: str = "") -> Iterator[Letter]:
    """Every message of a mailbox, of the format that it looks like; `MailboxError` when it can't be read."""
    try:
        yield from FORMATS[name or format_of(path)].read(path)
    except OSError as error:
        raise MailboxError(f"{path} can't be read ({error.strerror or error})") from error


def format_of(path: Path) -> str:
    """A folder with `cur` or `new` is a maildir, another one has `.eml` files; a file that begins so is an mbox."""
    if path.is_dir():
        return "maildir" if (path / "cur").is_dir() or (path / "new").is_dir() else "eml"
    with path.open("rb") as file:
        begins_so = file.read(5) == b"From "
    return "mbox" if begins_so and path.suffix.lower() != ".eml" else "eml"
