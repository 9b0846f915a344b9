"""The event stream as an endless sequence, for what SES does by itself after something happened."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sandbox.core.model import Event
from sandbox.core.services import Services


async def events(services: Services) -> AsyncIterator[Event]:
    """Every event of every account from now on, each once and in order; ends when the sandbox stops.

    One who falls too far behind reads what was missed from the log.
    """
    last = await services.store.events.last_id()
    while not services.stream.closed:
        with services.stream.subscribe(None) as subscription:
            while missed := await services.store.events.since(None, last):
                for event in missed:
                    last = event.id
                    yield event
            while not subscription.dropped:
                for event in await subscription.take():
                    if event.id > last:
                        last = event.id
                        yield event
