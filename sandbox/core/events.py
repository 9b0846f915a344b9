"""The live event stream: hands committed events to whoever listens, and never waits for a slow listener."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sandbox.core.model import Event

BACKLOG = 10_000
"""Events a listener may be behind before it is dropped; it resumes from the log by the id it saw last."""


NOT_LOGGED = 0
"""Id of an event that only those who listen hear of: the log was emptied."""


Wants = Callable[[Event], bool]
"""Whether a listener wants an event; asked about every one, so it has to be quick."""


class Subscription:
    """One listener's place in the stream."""

    def __init__(self, account: str | None, wants: Wants | None) -> None:
        self.account = account
        self._wants = wants
        self.dropped = False
        """True once the listener fell too far behind; what is buffered is still handed out, nothing new arrives."""
        self._waiting: deque[Event] = deque()
        self._ready = asyncio.Event()

    def offer(self, events: Sequence[Event]) -> None:
        """Buffer the events that are for this listener, or drop the listener when it is too far behind."""
        if self.dropped:
            return
        fresh = [event for event in events if self.account is None or event.account == self.account]
        if self._wants is not None:
            fresh = list(filter(self._wants, fresh))
        if len(self._waiting) + len(fresh) > BACKLOG:
            self.drop()
        elif fresh:
            self._waiting.extend(fresh)
            self._ready.set()

    def drop(self) -> None:
        """Offer nothing any more; wakes the listener so that it notices."""
        self.dropped = True
        self._ready.set()

    async def take(self, timeout: float | None = None) -> list[Event]:  # noqa: ASYNC109 - a heartbeat, not a deadline
        """All buffered events, waiting up to `timeout` seconds for the first; empty at the time-out or when dropped."""
        if not self._waiting and not self.dropped:
            self._ready.clear()
            try:
                await asyncio.wait_for(self._ready.wait(), timeout)
            except TimeoutError:
                return []
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class EventStream:
    """Every subscription of one sandbox."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self.closed = False
        """True once the sandbox stops; who subscribes then is dropped at once."""

    def close(self) -> None:
        """Let every listener end: the sandbox stops."""
        self.closed = True
        for subscription in self._subscriptions:
            subscription.drop()

    def publish(self, events: Sequence[Event]) -> None:
        """Hand committed events to every listener; never blocks."""
        for subscription in self._subscriptions:
            subscription.offer(events)

    @contextmanager
    def subscribe(self, account: str | None, wants: Wants | None = None) -> Iterator[Subscription]:
        """Listen to one account, or to all with None, for the length of the context; to what `wants` says, if given."""
        subscription = Subscription(account, wants)
        if self.closed:
            subscription.drop()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
