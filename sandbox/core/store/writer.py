"""The one writer: jobs that wait together share a transaction and its fsync, and hear of it after the commit only.

Two threads take turns with one connection, and never hold it at the same time. Quick jobs run on the event loop, where
nobody contends for the interpreter; then the writer's own thread does the slow ones and commits, so that nothing on the
loop waits for the disk. Where the disk syncs in less time than threads take to hand over, and in memory, the loop
commits quick jobs itself. A group of jobs that raises is rolled back alone, to its own savepoint. Savepoints have a
price: SQLite keeps a second copy of every page. So quick jobs are tried without them first, and when one raises, the
transaction is begun once more. When the commit itself fails, nobody's future succeeds.

A job that is patient waits a moment for another one to share its commit. After a commit, clients that were just
answered have a while to come again, and go together with those who came meanwhile: a commit costs nearly as much for
one as for sixteen, and groups of clients that take turns would wait for each other's syncs.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar

from sandbox.core.errors import StoreError
from sandbox.core.model import Event
from sandbox.core.store.transaction import Transaction

T = TypeVar("T")
BATCH = 512
"""Jobs that share a commit at the most; bounds the wait of the first of them."""
BUSY_SECONDS = 5.0
"""How long another process may hold the file before writers are told that the store is not available."""
RETRY_SECONDS = 0.02
PATIENCE_SECONDS = 0.05
"""How long patient jobs wait (really) for one that is not."""
SLOW_SECONDS = 0.0005
"""A commit that takes longer is the thread's: it would keep the loop from more than the handing over does."""
SLOW_IN_A_ROW = 3
"""Slow commits on the loop after which the thread has the next; one alone may be a checkpoint."""
STALL_SECONDS = 0.02
"""A single commit on the loop that takes longer is enough: everybody waited for it."""
ELSEWHERE, LONG_ELSEWHERE = 32, 512
"""Commits of the thread until the loop tries again; twice as many each time, unless it went well that often before."""
GATHER_TIMES, GATHER_SECONDS = 8, 0.005
"""How many times as long as the last commit took others are waited for, and how long at the most.

Under load the loop has enough to do meanwhile: a commit costs as much as all the rest of two messages.
"""
GATHER_JOBS = 16
"""Jobs that are enough for a commit: who waits for more saves little."""
_SPOILING = (sqlite3.OperationalError, sqlite3.DatabaseError)
"""A full disk, a lost or a damaged file (the second one is that by itself, not as a base) spoils the transaction."""


@dataclass(slots=True, kw_only=True)
class Job(Generic[T]):
    """Something to be written, and who waits for it."""

    work: Callable[[Transaction, Sequence[Any]], Sequence[T]]
    """Does the work of several jobs at once: their items → their results. Equal work of neighbours is done together."""
    item: Any
    quick: bool
    """Whether the work is a few statements that touch few pages, so that the event loop can do it.

    It may be done twice, when the first time is rolled back: it must not keep anything of its own in mind.
    """
    patient: bool
    """Whether it would rather share the commit of a later job than have one of its own."""
    background: bool
    """Whether the sandbox does it by itself: nobody is answered who would come again."""
    future: asyncio.Future[T]
    result: T | None = None
    error: BaseException | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def clients(self) -> bool:
        """Whether a client waits for it, who is likely to come again soon."""
        return self.quick and not (self.patient or self.background)


@dataclass(slots=True, kw_only=True)
class _Batch:
    jobs: list[Job[Any]]
    loop: asyncio.AbstractEventLoop
    left: list[Job[Any]]
    """What the thread has to do before it commits."""
    begun: bool = False
    took: float = 0.0
    """Seconds that the commit took."""
    expected: int = 0
    """How many clients' jobs the next one may have: of those who are answered now, and of those who came meanwhile."""


class Writer:
    """Owns the writing connection from `start` until `close`."""

    def __init__(
        self, connection: sqlite3.Connection, check: Callable[[], None], on_commit: Callable[[Sequence[Event]], None]
    ) -> None:
        """`check` raises when the file must not be written; `on_commit` gets each commit's events, on the loop.

        The connection must not wait for locks by itself: the loop can't, and the thread does its own waiting.
        """
        self._connection = connection
        self._numbers: dict[str, int] = {}
        """The last number of tables whose rows are counted; whoever writes keeps them."""
        self._check = check
        self._on_commit = on_commit
        self._waiting: deque[Job[Any]] = deque()
        self._busy = False
        self._rested = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._hurried = 0
        """Jobs in the queue that are not patient."""
        self._clients = 0
        """Those of clients among them."""
        self._gathering = 0
        """How many of these are waited for before the next transaction begins; 0 when none is about to begin."""
        self._slow = 0
        self._quick = 0
        """Commits on the loop since the last slow one."""
        self._elsewhere = 0
        """Commits of the thread that are left until the loop tries again."""
        self._absence = ELSEWHERE
        """How many there are to be the next time."""
        self._handed: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def put(self, job: Job[Any]) -> None:
        """Take a job of the running loop."""
        self._waiting.append(job)
        self._hurried += not job.patient
        self._clients += job.clients
        if self._gathering:
            if self._clients >= self._gathering:
                self._start()
        elif not self._busy:
            if job.patient:
                self._start_in(PATIENCE_SECONDS)
            else:
                self._start()

    async def close(self) -> None:
        """Finish what is waiting, then end the thread."""
        while self._waiting or self._busy:
            if not self._busy or self._gathering:
                self._start()
            await self._rested.wait()
        self._handed.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    # on the loop

    def _start(self) -> None:
        """Begin a transaction at the end of this turn."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._busy, self._gathering = True, 0
        self._rested.clear()
        asyncio.get_running_loop().call_soon(self._go_on)

    def _start_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._start)

    def _look_again(self, last: _Batch) -> None:
        """After a transaction: gather jobs for the next, go on with what came meanwhile, or rest."""
        expected = min(last.expected, GATHER_JOBS)
        if expected > max(1, self._clients):
            self._gathering = expected
            self._start_in(min(GATHER_SECONDS, last.took * GATHER_TIMES))
        elif self._hurried:
            self._go_on()
        else:
            self._rest()

    def _rest(self) -> None:
        self._busy = False
        self._rested.set()
        if self._waiting:
            self._start_in(PATIENCE_SECONDS)

    def _go_on(self) -> None:
        """Begin the next transaction with what is waiting."""
        jobs = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        if not jobs:
            self._rest()
            return
        self._hurried -= sum(not job.patient for job in jobs)
        self._clients -= sum(job.clients for job in jobs)
        batch = _Batch(jobs=jobs, left=jobs, loop=asyncio.get_running_loop())
        quick = sorted((job for job in jobs if job.quick), key=lambda job: not job.patient)
        if quick:
            try:
                batch.begun = self._try_to_begin() and (self._perform_at_once(quick) or self._perform_again(quick))
                if batch.begun:
                    batch.left = [job for job in jobs if not job.quick]
                    if not batch.left and self._commit_here(batch):
                        self._settle(batch)
                        return
            except (sqlite3.Error, OSError, StoreError) as error:
                self._fail(batch, error)
                self._settle(batch)
                return
        self._handed.put(batch)

    def _perform_at_once(self, jobs: Sequence[Job[Any]]) -> bool:
        """Do quick jobs without savepoints; False when one raised and nothing is kept of any."""
        try:
            for work, group in groupby(jobs, key=lambda job: job.work):
                self._do(work, list(group))
        except Exception as error:
            if type(error) in _SPOILING:
                raise
            self._undo("ROLLBACK")
            return False
        return True

    def _perform_again(self, jobs: Sequence[Job[Any]]) -> bool:
        """Do quick jobs of which one raised; False when another process holds the file by now."""
        if not self._try_to_begin():
            return False
        self._perform_all(jobs)
        return True

    def _commit_here(self, batch: _Batch) -> bool:
        """Commit on the loop while the disk is quick; False when the thread is to do it."""
        if self._elsewhere:
            self._elsewhere -= 1
            return False
        began = time.perf_counter()
        self._connection.execute("COMMIT")
        batch.took = time.perf_counter() - began
        self._judge(batch.took)
        return True

    def _judge(self, took: float) -> None:
        """Decide from how long a commit on the loop took who does the next ones."""
        if took > SLOW_SECONDS:
            self._slow, self._quick = self._slow + 1, 0
        else:
            self._slow, self._quick = 0, self._quick + 1
        if self._quick == ELSEWHERE:
            self._absence = ELSEWHERE
        if self._slow == SLOW_IN_A_ROW or took > STALL_SECONDS:
            self._slow, self._elsewhere = 0, self._absence
            self._absence = min(2 * self._absence, LONG_ELSEWHERE)

    def _settle(self, batch: _Batch) -> None:
        """Tell those who wait, and go on."""
        batch.expected = self._clients + sum(job.clients for job in batch.jobs)
        events: list[Event] = []
        for job in batch.jobs:
            events.extend(job.events)
            if job.future.cancelled():
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)
        batch.loop.call_soon(self._look_again, batch)
        if events:  # in the order of their numbers, by which listeners know what they have seen
            self._on_commit(sorted(events, key=lambda event: event.id))

    # on the writer's thread

    def _run(self) -> None:
        while (batch := self._handed.get()) is not None:
            try:
                self._finish(batch)
            except (sqlite3.Error, OSError, StoreError) as error:
                self._fail(batch, error)
            with contextlib.suppress(RuntimeError):  # that loop is gone, and its waiters with it
                batch.loop.call_soon_threadsafe(self._settle, batch)
            del batch  # what was written may be large, and the next may be long in coming

    def _finish(self, batch: _Batch) -> None:
        if not batch.begun:
            self._begin()
        self._perform_all(batch.left)
        began = time.perf_counter()
        self._connection.execute("COMMIT")
        batch.took = time.perf_counter() - began

    def _begin(self) -> None:
        """Wait until nobody else writes, but not for ever."""
        deadline = time.monotonic() + BUSY_SECONDS
        while not self._try_to_begin():
            if time.monotonic() > deadline:
                raise StoreError("another process holds it")
            time.sleep(RETRY_SECONDS)

    # on either

    def _try_to_begin(self) -> bool:
        """Begin a transaction; False when another process holds the file."""
        self._check()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        return True

    def _perform_all(self, jobs: Sequence[Job[Any]]) -> None:
        for _, group in groupby(jobs, key=lambda job: job.work):
            self._perform(list(group))

    def _perform(self, jobs: Sequence[Job[Any]]) -> None:
        """Do the work of jobs of one kind; one that can't be done with the others is tried alone."""
        self._connection.execute("SAVEPOINT job")
        try:
            self._do(jobs[0].work, jobs)
        except Exception as error:  # whatever it is belongs to the one who waits
            if type(error) in _SPOILING:
                raise
            self._undo("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            if len(jobs) == 1:
                jobs[0].error, jobs[0].events = error, []
            else:
                for job in jobs:
                    self._perform([job])
            return
        self._connection.execute("RELEASE job")

    def _do(self, work: Callable[[Transaction, Sequence[Any]], Sequence[Any]], jobs: Sequence[Job[Any]]) -> None:
        transaction = Transaction(self._connection, self._numbers)
        results = work(transaction, [job.item for job in jobs])
        for job, result in zip(jobs, results, strict=True):
            job.result = result
        jobs[0].events = transaction.events

    def _undo(self, statement: str) -> None:
        self._numbers.clear()
        self._connection.execute(statement)

    def _fail(self, batch: _Batch, error: Exception) -> None:
        """Keep nothing of a transaction; everybody who waits is told why."""
        with contextlib.suppress(sqlite3.Error):
            self._undo("ROLLBACK")
        for job in batch.jobs:
            job.error, job.events = StoreError(f"the store could not be written: {error}"), []
