"""Keys and certificates of sandboxes that keep nothing, lent from one run to the next.

Making them is most of what a start takes. They lie in the user's cache folder, readable by the user alone; a sandbox in
memory works with them in its passing folder and leaves what it had to make. A cache that can't be used is not an error.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

AUTHORITY = Path("tls") / "ca.pem"
"""What all certificates of a folder depend on: folders with different ones are never mixed."""
_KINDS = frozenset({".pem", ".key"})


def cache_folder() -> Path:
    """Where the system wants a user's caches."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "email-sandbox" / "keys"


def lend(folder: Path) -> None:
    """Copy the keys of earlier runs into a sandbox's folder."""
    with suppress(OSError, RuntimeError):
        cache = cache_folder()
        if cache.is_dir() and _private(cache):
            names = list(_names(cache))
            if not all(_framed(cache / name) for name in names):
                shutil.rmtree(cache)
                return
            for name in names:
                _link(cache / name, folder / name)


def keep(folder: Path) -> None:
    """Take what a sandbox made into the cache, unless that has another authority by now."""
    with suppress(OSError, RuntimeError):
        cache = cache_folder()
        if not cache.exists():
            _found(folder, cache)
        elif _private(cache) and _same(folder / AUTHORITY, cache / AUTHORITY):
            for name in _names(folder):
                if not _same(folder / name, cache / name):
                    _copy(folder / name, cache / name)


def _found(folder: Path, cache: Path) -> None:
    """Make the cache in one step, so that of two runs that end at once one gives all of it."""
    if not (folder / AUTHORITY).exists():
        return
    cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(dir=cache.parent, prefix="keys."))
    try:
        for name in _names(folder):
            _copy(folder / name, draft / name)
        draft.rename(cache)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _names(folder: Path) -> Iterator[Path]:
    return (path.relative_to(folder) for path in folder.glob("*/*") if path.suffix in _KINDS and path.is_file())


def _framed(file: Path) -> bool:
    """Whether a file is whole PEM, as far as that shows from outside."""
    content = file.read_bytes()
    return 0 < content.count(b"-----BEGIN ") == content.count(b"-----END ")


def _private(folder: Path) -> bool:
    """Whether nobody else could have put something there, or can read it."""
    if sys.platform == "win32":
        return True
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o077


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()


def _link(source: Path, target: Path) -> None:
    """The same file under another name, which nobody changes in place; a copy of it on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        os.link(source, target)
    except OSError:
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    """Copy a file in one step, readable by its owner alone."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = source.read_bytes()
    descriptor, name = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(target)
