"""The room that the store takes on its disk, and giving it back."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.removal import in_slices

KEPT_FREE = 2_000
"""Pages that stay in the file for what comes next."""
LITTLE = 1_000_000_000
"""Octets left on the disk from which on nobody is warned."""
LITTLE_PART = 10
"""On a small disk, one of so many parts is enough."""
KEPT_PART = 10
"""One of so many pages may stay free before any is given back."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a store takes, in octets."""

    used: int
    """In pages that hold something."""
    file: int
    """As the disk has it, with what waits to be folded in."""
    free: int | None
    """Left on the disk for this program; None in memory."""
    disk: int | None
    """All of the disk."""


class Usage(NamedTuple):
    """A disk, in octets."""

    total: int
    free: int


def warnings_about(room: Room) -> list[str]:
    """What somebody should know about the disk before it is full: nothing as long as there is room."""
    if room.free is None or room.disk is None or room.free >= min(LITTLE, room.disk // LITTLE_PART):
        return []
    free, used = (f"{octets / 1_000_000:,.0f} MB" for octets in (room.free, room.used))
    effect = "mail will be refused when it is full; remove messages or set store.retention"
    return [f"the disk of the store has {free} left, the store takes {used}: {effect}"]


class Space:
    """Measures the store and returns what it does not need."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unused = 0
        """Pages that held nothing when they were last looked at."""

    async def room(self) -> Room:
        """What the store takes now."""
        pages, unused, size = await self._database.read(_pages)
        path = self._database.path
        disk = None if path is None else _disk(path)
        return Room(
            used=(pages - unused) * size,
            file=pages * size if path is None else _on_disk(path),
            free=None if disk is None else disk.free,
            disk=None if disk is None else disk.total,
        )

    async def give_back(self) -> bool:
        """Return pages that removed things left behind, in slices; True when it is to be asked again soon.

        As long as something is being removed nothing is returned: pages would be moved that are about to go anyway.
        """
        pages, unused, _ = await self._database.read(_pages)
        left = unused - max(KEPT_FREE, pages // KEPT_PART)
        growing, self._unused = unused > self._unused, unused
        if self._database.path is None or left <= 0:
            return False
        if growing:
            return True

        def work(transaction: Transaction, most: int) -> int:
            nonlocal left
            asked = min(most, left)
            before = _pages(transaction.connection)[1]
            if before > self._unused:  # somebody began to remove things
                left = 0
                return 0
            for _ in range(asked):  # the statement has a step for each page, of which Python takes the first only
                transaction.execute("PRAGMA incremental_vacuum(1)")
            self._unused = _pages(transaction.connection)[1]
            gone = before - self._unused
            left -= gone
            return gone if left > 0 else 0

        await in_slices(self._database, work, rest=True)
        return False


def _pages(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """How many pages the file has, how many of them hold nothing, and their size."""
    names = ("page_count", "freelist_count", "page_size")
    count, unused, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
    return count, unused, size


def _disk(path: Path) -> Usage | None:
    """All and the free part of the store's disk; None when the folder is gone."""
    try:
        usage = shutil.disk_usage(path.parent)
    except OSError:
        return None
    return Usage(total=usage.total, free=usage.free)


def _on_disk(path: Path) -> int:
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
