"""What SES does by itself: it tells what happens to mail, and runs receipt rules.

Both are loaded when there is something to do.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from sandbox.core.late import Late
from sandbox.core.model import Event
from sandbox.core.services import Services
from sandbox.providers.ses import following, records
from sandbox.providers.ses.following import DELIVERED

_tell = Late(f"{__package__}.events.publishing:run")
_receive = Late(f"{__package__}.receiving.processing:run")


async def run(services: Services, section: Any) -> None:
    """Do it until cancelled, from the first event that may be SES's concern on."""
    last = await services.store.events.last_id()
    if not await services.store.queue.waiting("ses") and not await _concerned(services, last):
        return
    await asyncio.to_thread(lambda: (_tell.function, _receive.function))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_tell(services, section, last), name="events")
        tasks.create_task(_receive(services, section, last), name="receiving")


async def _concerned(services: Services, last: int) -> bool:
    """Wait until something happens to mail of SES, or to any while an account has receipt rules; False at the end."""
    receives = services.store.resources.conclude
    async with aclosing(following.events(services, last, _may_concern)) as events:
        async for event in events:
            if _is_own(event) or await receives("ses receives", lambda: _receives(services)):
                return True
    return False


def _may_concern(event: Event) -> bool:
    """Whether it is about mail of SES, or about mail that reached somebody, who may be here."""
    return event.message is not None and (event.type == DELIVERED or _is_own(event))


def _is_own(event: Event) -> bool:
    return event.data.get("provider") == "ses"


async def _receives(services: Services) -> bool:
    """Whether an account has receipt rules."""
    for account in services.accounts.all():
        if await services.store.resources.all(account.id, "ses", records.RULE_SET):
            return True
    return False
