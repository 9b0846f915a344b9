"""Looks whether a store is whole before it is used, for a moment that a start can spare."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from sandbox.core.errors import SchemaError

SECONDS = 0.1
"""How long the pages are looked at; a small store is looked at in full."""


def require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `SchemaError` when the file is damaged or cut off, as far as that shows at once; it stays untouched."""
    count, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    waiting = path.with_name(path.name + "-wal")
    if path.stat().st_size < count * size and not (waiting.exists() and waiting.stat().st_size):
        raise _damaged(path, "its end is missing")
    found = _looked_at(connection)
    if found != "ok":
        raise _damaged(path, found.splitlines()[0])


def _looked_at(connection: sqlite3.Connection) -> str:
    """`ok`, as far as the time allowed, or what is wrong."""
    patience = threading.Timer(SECONDS, connection.interrupt)  # the check is one step for SQLite: no handler is asked
    patience.start()
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return "ok"
        raise
    finally:
        patience.cancel()
        patience.join()


def _damaged(path: Path, what: str) -> SchemaError:
    return SchemaError(f"{path} is damaged ({what}): move it away, restore a copy, or choose another --data folder")
