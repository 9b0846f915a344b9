"""Files that are written in one step: nobody ever sees half of one, however many write it at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_private(path: Path, octets: bytes) -> None:
    """Write a file that only its owner may read."""
    with _draft(path, octets) as draft:
        draft.replace(path)


def write_public(path: Path, octets: bytes) -> None:
    """Write a file that everybody may read who may enter its folder."""
    with _draft(path, octets) as draft:
        draft.chmod(0o644)
        draft.replace(path)


def keep_private(path: Path, octets: bytes) -> None:
    """Make a file that only its owner may read, unless it is there: of several that make it, the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _draft(path, octets) as draft, suppress(FileExistsError):
        os.link(draft, path)


@contextmanager
def _draft(path: Path, octets: bytes) -> Iterator[Path]:
    """A complete file of mode 0600 under a passing name, to be moved or linked to its own."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
