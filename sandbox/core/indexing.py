"""Reads accepted messages for search and snippets, after the commit and off the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

from sandbox.core.errors import StoreError
from sandbox.core.reading_process import OverBudgetError, ReadingProcess
from sandbox.core.restraint import Restraint
from sandbox.core.store import Store
from sandbox.core.store.index import Digest

BATCH = 128
"""Messages read in one go; not too many, so that a shutdown never waits long."""
OCTETS = 8_388_608
"""Octets read in one go, and of one message."""
SMALL = 16_384
"""Octets up to which a few messages are read by a thread: a process of their own is not worth its start."""
FEW = 4
BUDGET_SECONDS = 30.0
"""How long the messages of one go may take before they are read one by one, and how long each of those may take.

The process has a narrower budget of its own, of processor time; this one is for a machine on which it gets none.
"""
WRITTEN, MEANWHILE = 65_536, 8_192
"""Characters after which the store's writer does something else: it splits them into words, which takes its time.

The second number is for while more mail comes in, whose senders wait for the writer.
"""
REST = 10.0
"""While more mail comes in it rests so many times as long as it worked; a search looks at what waits by itself."""
GATHER_SECONDS = 0.1
"""The real pause between two rounds; who needs the index at once calls `catch_up`."""
RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Indexer:
    """Keeps the searchable form of messages up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake = asyncio.Event()
        self._restraint = Restraint(REST)
        self._busy = asyncio.Lock()
        self._round: asyncio.Task[bool] | None = None
        self._reader = ReadingProcess(BUDGET_SECONDS)

    def wake(self) -> None:
        """A message was accepted."""
        self._wake.set()

    async def run(self) -> None:
        """Index until cancelled."""
        while True:
            self._wake.clear()
            began = time.monotonic()
            try:
                more = await self._go()
            except StoreError:
                _log.warning("the search index can't be written; trying again", exc_info=True)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            rest = self._restraint.rest(time.monotonic() - began, behind=more)
            if self._wake.is_set():
                await asyncio.sleep(max(GATHER_SECONDS, rest))
            elif not more:
                await asyncio.sleep(GATHER_SECONDS)
                await self._wake.wait()

    async def catch_up(self) -> None:
        """Return once everything that was accepted before the call is searchable."""
        while await self._go():
            pass

    async def _go(self) -> bool:
        """Index some messages; False when there were no more.

        A round that has begun is finished even when nobody waits for it any more, and until then no other begins: the
        thread in which it reads can't be stopped, and the other process answers one at a time.
        """
        await self._busy.acquire()
        self._round = asyncio.create_task(self._index_some(), name="indexing")
        self._round.add_done_callback(lambda _: self._busy.release())
        return await asyncio.shield(self._round)

    async def _index_some(self) -> bool:
        waiting = await self._store.index.waiting(BATCH, OCTETS)
        if waiting.messages:
            digests = deque(await asyncio.to_thread(self._digests, waiting.messages))
            while digests:
                await self._store.index.record(_portion(digests, MEANWHILE if self._wake.is_set() else WRITTEN))
        return waiting.more

    def _digests(self, batch: Sequence[tuple[int, bytes]]) -> list[Digest]:
        """Read messages, here when there is little to read, else in the other process."""
        from sandbox.core.digesting import digest, unread  # noqa: PLC0415 - what reads MIME waits for the first message

        if len(batch) <= FEW and sum(len(raw) for _, raw in batch) <= SMALL:
            return [digest(seq, raw) for seq, raw in batch]
        try:
            return self._reader.read(batch)
        except OverBudgetError as error:
            if len(batch) > 1:
                return [found for one in batch for found in self._digests([one])]
            _log.warning("a message of %d octets is not searched: %s", len(batch[0][1]), error)
            return [unread(batch[0][0], str(error))]
        except OSError as error:
            _log.warning("messages are read for search by the sandbox itself: no other process can be had (%s)", error)
            return [digest(seq, raw) for seq, raw in batch]

    async def close(self) -> None:
        """End the other process; nothing is read any more."""
        await asyncio.to_thread(self._reader.close)
        if self._round is not None:
            await asyncio.gather(self._round, return_exceptions=True)


def _portion(digests: deque[Digest], characters: int) -> list[Digest]:
    """Take as many of the digests as the store's writer deals with quickly; at least one."""
    taken: list[Digest] = []
    while digests and characters > 0:
        taken.append(digests.popleft())
        characters -= len(taken[-1].body)
    return taken
