"""The event stream as an endless sequence, for what SES does by itself after something happened."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

from sandbox.core.errors import StoreError
from sandbox.core.events import Wants
from sandbox.core.model import Event
from sandbox.core.services import Services

DELIVERED = "recipient.delivered"
"""The event of mail that reached its recipient, of whichever provider."""
PAUSE = 1.0
"""Real seconds after which a log that can't be read is tried again."""
log = logging.getLogger(__name__)


async def events(services: Services, last: int, wants: Wants) -> AsyncGenerator[Event, None]:
    """What one `wants` of the events of every account after the one with the id `last`, in order.

    It ends when the sandbox stops.

    One who falls too far behind reads what was missed from the log, and waits while that can't be read.
    """
    while not services.stream.closed:
        try:
            async for event in _since(services, last, wants):
                last = event.id
                yield event
        except StoreError:
            log.warning("the event log can't be read; trying again", exc_info=True)
            await asyncio.sleep(PAUSE)


async def _since(services: Services, last: int, wants: Wants) -> AsyncGenerator[Event, None]:
    """What is in the log after an event, then what happens, until the listener is dropped."""
    with services.stream.subscribe(None, wants) as subscription:
        while missed := await services.store.events.since(None, last):
            for event in missed:
                last = event.id
                if wants(event):
                    yield event
        while not subscription.dropped:
            for event in await subscription.take():
                if event.id > last:
                    last = event.id
                    yield event
