"""Brings a SQLite file to this program's schema, or says clearly why it can't.

Not a migration library: the same few lines must serve a store in memory within the start-up budget of a test, and
the `application_id` and `user_version` in SQLite's own header are the gate for files that aren't ours or are newer.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from sandbox.core.errors import SchemaError
from sandbox.core.store.soundness import require_whole

APPLICATION_ID = 0x656D7362  # "emsb"
MIGRATIONS = Path(__file__).with_name("migrations")
"""Their folder, by its path: what reads resources takes longer to load than all of them to read."""


def migrations() -> list[tuple[int, str]]:
    """The numbered `.sql` files in order, as (number, script)."""
    found = [(re.match(r"(\d{4})_\w+\.sql$", file.name), file) for file in MIGRATIONS.iterdir()]
    return sorted((int(match[1]), file.read_text("utf-8")) for match, file in found if match)


def migrate(connection: sqlite3.Connection, name: str, path: Path | None = None) -> None:
    """Apply what is missing, each migration in a transaction of its own.

    Raises `SchemaError` for a file of another program, of a newer version, or damaged. Such a file stays untouched.
    """
    try:
        present = _version(connection, name)
        steps = migrations()
        newest = steps[-1][0]
        if present > newest:
            raise SchemaError(
                f"{name} was written by a newer version (schema {present}, this one knows {newest}): "
                "upgrade email-sandbox or choose another --data folder"
            )
        if path is not None:
            require_whole(connection, path)
        if not present:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # can only be chosen before the first table
        for number, script in steps:
            if number > present:
                _apply(connection, number, script)
    except sqlite3.DatabaseError as error:
        raise SchemaError(
            f"{name} is not a usable store ({error}): move it away or choose another --data folder"
        ) from error


def _version(connection: sqlite3.Connection, name: str) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and application != APPLICATION_ID:
        raise SchemaError(f"{name} is a SQLite file of another program: choose another --data folder")
    return int(version)


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.executescript(
        f"BEGIN IMMEDIATE;\n{script}\n"
        f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {number};\nCOMMIT;"
    )
