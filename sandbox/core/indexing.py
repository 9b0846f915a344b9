"""Reads accepted messages for search and snippets, after the commit and off the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from sandbox.core import mime
from sandbox.core.errors import StoreError
from sandbox.core.store import Store
from sandbox.core.store.index import Digest

BATCH = 16
"""Messages read in one go; small, so that a shutdown never waits long."""
SNIPPET = 160
BODY = 200_000
"""Characters of text that search looks through."""
GATHER_SECONDS = 0.1
"""The real pause between two rounds; who needs the index at once calls `catch_up`."""
RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Indexer:
    """Keeps the searchable form of messages up to date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wake = asyncio.Event()
        self._busy = asyncio.Lock()

    def wake(self) -> None:
        """A message was accepted."""
        self._wake.set()

    async def run(self) -> None:
        """Index until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.catch_up()
            except StoreError:
                _log.warning("the search index can't be written; trying again", exc_info=True)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await asyncio.sleep(GATHER_SECONDS)
            await self._wake.wait()

    async def catch_up(self) -> None:
        """Return once everything that was accepted before the call is searchable."""
        async with self._busy:
            while waiting := await self._store.index.waiting(BATCH):
                await self._store.index.record(await asyncio.to_thread(_digests, waiting))


def _digests(batch: Sequence[tuple[int, bytes]]) -> list[Digest]:
    return [digest(seq, raw) for seq, raw in batch]


def digest(seq: int, raw: bytes) -> Digest:
    """The searchable form of a message: its text, or its HTML without tags when it has no text."""
    content = mime.read(raw)
    body = content.text or mime.plain(content.html)
    names = " ".join(attachment.filename for attachment in content.attachments)
    return Digest(
        seq=seq,
        snippet=" ".join(body[: SNIPPET * 4].split())[:SNIPPET],
        body=f"{body[:BODY]}\n{names}" if names else body[:BODY],
        attachments=len(content.attachments),
    )
