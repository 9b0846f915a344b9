"""One writer thread that shares each durable commit among everybody who waits, and readers beside it.

Jobs that are waiting when the writer becomes free run in one transaction, each behind its own savepoint, and share
one fsync; their futures resolve only after the commit. A job that raises is rolled back alone. When the commit itself
fails, nobody's future succeeds. Nothing here blocks the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Generic, TypeVar

from sandbox.core.errors import StoreError
from sandbox.core.model import Event
from sandbox.core.store.schema import migrate

Item = TypeVar("Item")
T = TypeVar("T")
BATCH = 512
"""Jobs that share a commit at the most; bounds the wait of the first of them."""
AT_ONCE = 16
"""Rows of one INSERT; bounds the number of its values, and of its forms that are kept prepared."""
PREPARED = 512
"""Statements that are kept prepared."""
_SPOILING = (sqlite3.OperationalError, sqlite3.DatabaseError)
"""A full disk, a lost or a damaged file (the second one is that by itself, not as a base) spoils the transaction."""
BUSY_SECONDS = 5.0
"""How long another process may hold the file before writers are told that the store is not available."""


class Transaction:
    """What a writing job works with: the connection, and a way to record events that are published after the commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.events: list[Event] = []

    def event(
        self,
        *,
        account: str,
        at: float,
        type: str,  # noqa: A002 - the field's name in the inspection API
        message: str | None = None,
        recipient: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> Event:
        """Record that something happened; it takes part in this transaction."""
        cursor = self.execute(
            "INSERT INTO events (account, at, type, message, recipient, data) VALUES (?, ?, ?, ?, ?, ?)",
            (account, at, type, message, recipient, json.dumps(data) if data else "{}"),
        )
        assert cursor.lastrowid is not None
        event = Event(
            id=cursor.lastrowid,
            account=account,
            at=at,
            type=type,
            message=message,
            recipient=recipient,
            data=data or {},
        )
        self.events.append(event)
        return event

    def events_together(self, wishes: Sequence[Mapping[str, Any]]) -> None:
        """Record several events, each as the arguments of `event`, in few statements."""
        fresh = [Event(id=number, **wish) for number, wish in enumerate(wishes, self.last_rowid("events") + 1)]
        columns = ("id", "account", "at", "type", "message", "recipient", "data")
        self.insert(
            "events",
            columns,
            [(e.id, e.account, e.at, e.type, e.message, e.recipient, json.dumps(e.data)) for e in fresh],
        )
        self.events += fresh

    def last_rowid(self, table: str) -> int:
        """The greatest number that a table with AUTOINCREMENT has ever given to a row; 0 for a new table."""
        row = self.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    def insert(self, table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows, many with each statement: the interpreter is let go of once for each, not once for each row."""
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            self.execute(_insert_statement(table, columns, len(part)), [value for row in part for value in row])


@lru_cache(maxsize=256)
def _insert_statement(table: str, columns: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - names are ours


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Callable[[Transaction, Sequence[Any]], Sequence[T]]
    """Does the work of several jobs at once: their items → their results. Equal work of neighbours is done together."""
    item: Any
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[T]
    result: T | None = None
    error: BaseException | None = None
    events: list[Event] = field(default_factory=list)


class Database:
    """A SQLite file (or memory) with one writer and several readers."""

    def __init__(self, path: Path | None, on_commit: Callable[[Sequence[Event]], None] = lambda _: None) -> None:
        """Open or make the store at `path`, in memory when None; `on_commit` gets each commit's events, on the loop.

        Raises `SchemaError` when the file can't be used, `StoreError` when the folder can't be written.
        """
        self.path = path
        self.on_commit = on_commit
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._connection = self._open()
        self._inode = path.stat().st_ino if path else None
        self._readers = ThreadPoolExecutor(2, "store-reader") if path else None
        self._local = threading.local()
        self._reading: list[sqlite3.Connection] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

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
        except sqlite3.Error as error:
            raise StoreError(f"{name} can't be opened ({error}): is the folder writable?") from error
        return connection

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in the writer's next transaction; returns its result once that is durable.

        Raises what `work` raised (and nothing of it is kept), or `StoreError` when the commit failed. Cancelling the
        caller does not undo the job.
        """
        return await self.write_together(lambda transaction, _: (work(transaction),), None)

    async def write_together(self, work: Callable[[Transaction, Sequence[Item]], Sequence[T]], item: Item) -> T:
        """Like `write`, for work that is cheaper for many: `work` gets the items of all jobs of its kind that wait.

        It returns their results in order. When it raises, nothing of it is kept, and it is called again for each item.
        """
        if self._closed:
            raise StoreError("the store is closed")
        loop = asyncio.get_running_loop()
        job: _Job[T] = _Job(work, item, loop, loop.create_future())
        self._jobs.put(job)
        return await job.future

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on a connection that sees everything committed so far; it must not write."""
        if self._readers is None:
            return await self.write(lambda transaction: work(transaction.connection))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, work)

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
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
        if self._readers:
            self._readers.shutdown(wait=True)
        for connection in self._reading:
            connection.close()
        self._connection.close()

    def _run(self) -> None:
        running = True
        while running:
            batch: list[_Job[Any]] = []
            job = self._jobs.get()
            while job is not None:
                batch.append(job)
                if len(batch) >= BATCH:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            running = job is not None
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[_Job[Any]]) -> None:
        connection = self._connection
        try:
            self._check_file()
            connection.execute("BEGIN IMMEDIATE")
            for _, jobs in groupby(batch, key=lambda job: job.work):
                self._perform(list(jobs))
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError, StoreError) as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for job in batch:
                job.error, job.events = StoreError(f"the store could not be written: {error}"), []
        for loop in {job.loop for job in batch}:
            with contextlib.suppress(RuntimeError):  # that loop is gone, and its waiters with it
                loop.call_soon_threadsafe(self._settle, [job for job in batch if job.loop is loop])

    def _perform(self, jobs: Sequence[_Job[Any]]) -> None:
        """Do the work of jobs of one kind; one that can't be done with the others is tried alone."""
        transaction = Transaction(self._connection)
        self._connection.execute("SAVEPOINT job")
        try:
            results = jobs[0].work(transaction, [job.item for job in jobs])
        except Exception as error:  # whatever it is belongs to the one who waits
            if type(error) in _SPOILING:
                raise
            self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            if len(jobs) == 1:
                jobs[0].error = error
            else:
                for job in jobs:
                    self._perform([job])
            return
        self._connection.execute("RELEASE job")
        for job, result in zip(jobs, results, strict=True):
            job.result = result
        jobs[0].events = transaction.events

    def _check_file(self) -> None:
        """Refuse to write into a file that was deleted or replaced beneath us: its commits would be lost."""
        if self.path and self.path.stat().st_ino != self._inode:
            raise StoreError(f"{self.path} was replaced while the sandbox was running")

    def _settle(self, batch: Iterable[_Job[Any]]) -> None:
        events: list[Event] = []
        for job in batch:
            events.extend(job.events)
            if job.future.cancelled():
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)
        if events:
            self.on_commit(events)


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
