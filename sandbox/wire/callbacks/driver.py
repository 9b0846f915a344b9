"""Follows the event stream for each outlet, with retries; each try is an event itself, which is the delivery log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from sandbox.core.accounts import Accounts
from sandbox.core.errors import NotFoundError, StoreError
from sandbox.core.model import Event
from sandbox.core.services import Services
from sandbox.core.store import Store

PAUSES = (0.5, 2.0, 10.0)
"""Real seconds before the second, third and fourth try."""
OWN = "callback."
"""Prefix of the events that tell of callbacks; they cause none."""


class Outlet(Protocol):
    """Somebody who is told."""

    name: str
    """As it stands in the log: a URL."""

    def wants(self, event: Event) -> bool:
        """Whether this event is to be told."""
        ...

    async def tell(self, event: Event) -> tuple[bool, str]:
        """Tell it once; whether that worked, and what was answered. Never raises for what the other side does."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Callbacks:
    """Every outlet of one sandbox, each at its own pace: a slow one delays no other."""

    def __init__(
        self,
        services: Services,
        outlets: Sequence[Outlet],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._services = services
        self._outlets = outlets
        self._pause = pause
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to tell what happens from now on."""
        last = await self._services.store.events.last_id()
        self._tasks = [asyncio.create_task(self._follow(outlet, last), name="callbacks") for outlet in self._outlets]

    async def stop(self) -> None:
        """Stop telling; what was not told yet stays in the event log."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for outlet in self._outlets:
            await outlet.close()

    async def replay(self, event: Event) -> int:
        """Tell an event again to every outlet that wants it; how many took it."""
        wanting = [outlet for outlet in self._outlets if outlet.wants(event)]
        return sum(await asyncio.gather(*(self._tell(outlet, event) for outlet in wanting)))

    async def _follow(self, outlet: Outlet, last: int) -> None:
        while not self._services.stream.closed:
            with self._services.stream.subscribe(None) as subscription:
                while missed := await self._services.store.events.since(None, last):
                    for event in missed:
                        last = await self._pass_on(outlet, event, last)
                while not subscription.dropped:
                    for event in await subscription.take():
                        last = await self._pass_on(outlet, event, last)

    async def _pass_on(self, outlet: Outlet, event: Event, last: int) -> int:
        if event.id > last and not event.type.startswith(OWN) and outlet.wants(event):
            await self._tell(outlet, event)
        return max(last, event.id)

    async def _tell(self, outlet: Outlet, event: Event) -> bool:
        noted = partial(self._note, outlet, event)
        return await insist(partial(outlet.tell, event), noted, self._pause)

    async def _note(self, outlet: Outlet, event: Event, number: int, answer: str, *, fine: bool) -> None:
        """Write the try into the event log."""
        data = {"event": event.id, "url": outlet.name, "attempt": number, "answer": answer[:500]}
        about = {"account": event.account, "message": event.message, "recipient": event.recipient}
        await note(self._services.store, self._services.accounts, {**about, "data": data}, fine=fine)


class Note(Protocol):
    """Keeps what a try came to."""

    async def __call__(self, number: int, answer: str, *, fine: bool) -> None:
        """The number of the try from 1 on, what was answered, whether it worked."""
        ...


async def insist(
    tell: Callable[[], Awaitable[tuple[bool, str]]], noted: Note, pause: Callable[[float], Awaitable[None]]
) -> bool:
    """Tell something until it works or the tries are used up; whether it worked."""
    for number, seconds in enumerate((0.0, *PAUSES), start=1):
        if seconds:
            await pause(seconds)
        fine, answer = await tell()
        await noted(number, answer, fine=fine)
        if fine:
            return True
    return False


async def note(store: Store, accounts: Accounts, event: Mapping[str, Any], *, fine: bool) -> None:
    """Write a try into the event log: `event` has account, message, recipient and data."""
    with suppress(StoreError, NotFoundError):
        now = accounts.get(event["account"]).clock.now()
        kind = f"{OWN}delivered" if fine else f"{OWN}failed"
        await store.database.write(lambda transaction: transaction.event(at=now, type=kind, **event))
