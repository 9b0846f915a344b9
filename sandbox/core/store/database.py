"""The database of one sandbox: a SQLite file (or memory) with one writer and several readers beside it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sandbox.core.errors import StoreError
from sandbox.core.model import Event
from sandbox.core.store.schema import migrate
from sandbox.core.store.transaction import Transaction
from sandbox.core.store.writer import BUSY_SECONDS, Job, Writer

__all__ = ["Database", "Transaction"]
Item = TypeVar("Item")
T = TypeVar("T")
PREPARED = 512
"""Statements that are kept prepared."""


class Database:
    """A SQLite file (or memory) with one writer and several readers."""

    def __init__(self, path: Path | None, on_commit: Callable[[Sequence[Event]], None] = lambda _: None) -> None:
        """Open or make the store at `path`, in memory when None; `on_commit` gets each commit's events, on the loop.

        Raises `SchemaError` when the file can't be used, `StoreError` when the folder can't be written.
        """
        self.path = path
        self.on_commit = on_commit
        self._connection = self._open()
        self._name = str(path) if path else ""
        self._inode = path.stat().st_ino if path else None
        self._readers = ThreadPoolExecutor(2, "store-reader") if path else None
        self._local = threading.local()
        self._reading: list[sqlite3.Connection] = []
        self._closed = False
        self._writer = Writer(self._connection, self._check_file, on_commit)

    def _open(self) -> sqlite3.Connection:
        name = str(self.path) if self.path else "the store"
        try:
            connection = sqlite3.connect(
                self.path or ":memory:",
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=PREPARED,
            )
            migrate(connection, name, self.path)
            connection.execute("PRAGMA secure_delete = OFF")  # some builds overwrite all that is deleted
            if self.path:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                _sync_folder(self.path.parent)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA busy_timeout = 0")
        except sqlite3.Error as error:
            raise StoreError(f"{name} can't be opened ({error}): is the folder writable?") from error
        return connection

    async def write(self, work: Callable[[Transaction], T], *, quick: bool = False, background: bool = False) -> T:
        """Run `work` in the writer's next transaction; returns its result once that is durable.

        `quick` work is a few statements that touch few pages: it is done on the event loop.

        Raises what `work` raised (and nothing of it is kept), or `StoreError` when the commit failed. Cancelling the
        caller does not undo the job.
        """
        return await self.write_together(
            lambda transaction, _: (work(transaction),), None, quick=quick, background=background
        )

    async def write_together(
        self,
        work: Callable[[Transaction, Sequence[Item]], Sequence[T]],
        item: Item,
        *,
        quick: bool,
        patient: bool = False,
        background: bool = False,
    ) -> T:
        """Like `write`, for work that is cheaper for many: `work` gets the items of all jobs of its kind that wait.

        It returns their results in order. When it raises, nothing of it is kept, and it is called again for each item.
        `quick` work is a few statements that touch few pages: it is done on the event loop. `patient` work waits a
        moment for another job whose commit it can share. `background` work is nobody's who comes again when it is done.
        """
        if self._closed:
            raise StoreError("the store is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = Job(work=work, item=item, quick=quick, patient=patient, background=background, future=future)
        self._writer.put(job)
        return await future

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on a connection that sees everything committed so far; it must not write."""
        if self._readers is None:
            return await self.write(lambda transaction: work(transaction.connection))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, work)

    async def glance(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Like `read`, for a few rows that were written just now: done on the event loop, where they are in memory.

        A thread would have to ask for the interpreter after each of them. For what writes afterwards anyway, since it
        waits like a writer while another process holds the file.
        """
        return await self.write(lambda transaction: work(transaction.connection), quick=True, background=True)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._reader())
        except sqlite3.Error as error:
            raise StoreError(f"the store could not be read: {error}") from error

    def _reader(self) -> sqlite3.Connection:
        """The connection of this thread; opened when it is first needed, which fails when the file is gone by then."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"file:{_uri_path(self.path)}?mode=ro",
                uri=True,
                timeout=BUSY_SECONDS,
                check_same_thread=False,
            )
            self._local.connection = connection
            self._reading.append(connection)
        return connection

    async def close(self) -> None:
        """Finish what is waiting, then close every connection."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        if self._readers:
            self._readers.shutdown(wait=True)
        for connection in self._reading:
            connection.close()
        self._connection.close()

    def _check_file(self) -> None:
        """Refuse to write into a file that was deleted or replaced beneath us: its commits would be lost."""
        if self._name and os.stat(self._name).st_ino != self._inode:  # noqa: PTH116 - each transaction asks
            raise StoreError(f"{self.path} was replaced while the sandbox was running")


def _uri_path(path: Path | None) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _sync_folder(folder: Path) -> None:
    """Make the file's name durable too, not only its contents (POSIX; elsewhere the name is durable by itself)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
