"""Posts what providers want posted: each URL at its own pace, again when it fails, and each try is an event."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from sandbox.core.accounts import Accounts
from sandbox.core.postings import Answer, Posting
from sandbox.core.store import Store
from sandbox.wire.callbacks.driver import insist, note
from sandbox.wire.callbacks.loopback import TargetError
from sandbox.wire.callbacks.target import Target

WAITING = 10_000
"""Requests that may wait for one URL; beyond them the oldest is given up."""
log = logging.getLogger(__name__)


class PostCourier:
    """The `Courier` of one sandbox."""

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        allowed: Collection[str] = (),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`allowed` are hosts besides this machine."""
        self._store = store
        self._accounts = accounts
        self._allowed = frozenset(allowed)
        self._pause = pause
        self._waiting: dict[str, deque[Posting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def send(self, posting: Posting) -> None:
        """Send it as soon as may be."""
        if self._closed:
            return
        queue = self._waiting.get(posting.url)
        if queue is None:
            queue = self._waiting[posting.url] = deque()
            task = asyncio.create_task(self._serve(posting.url, queue), name="courier")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if len(queue) >= WAITING:
            queue.popleft()
            log.warning("%s is too slow: the oldest of %d waiting requests was given up", posting.url, WAITING)
        queue.append(posting)

    async def ask(self, posting: Posting, seconds: float) -> Answer:
        """Send it now, once, and give the answer."""
        try:
            target = Target(posting.url, self._allowed)
        except TargetError as error:
            answer = Answer(fine=False, said=str(error))
        else:
            answer = await target.ask(posting.body, posting.headers, seconds)
            await target.close()
        await self._note(posting, 1, answer.said, fine=answer.fine)
        return answer

    async def close(self) -> None:
        """Stop; what was not sent yet stays in the event log."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, url: str, queue: deque[Posting]) -> None:
        """Send what waits for a URL, until nothing does."""
        target: Target | None = None
        try:
            target = Target(url, self._allowed)
            while queue:
                posting = queue.popleft()
                tell = partial(target.post, posting.body, posting.headers)
                await insist(tell, partial(self._note, posting), self._pause)
        except TargetError as error:
            while queue:
                await self._note(queue.popleft(), 1, str(error), fine=False)
        finally:
            del self._waiting[url]
            if target is not None:
                await target.close()

    async def _note(self, posting: Posting, number: int, answer: str, *, fine: bool) -> None:
        data = {"url": posting.url, "kind": posting.kind, "attempt": number, "answer": answer[:500]}
        about = {"account": posting.account, "message": posting.message, "recipient": posting.recipient}
        await note(self._store, self._accounts, {**about, "data": data}, fine=fine)
