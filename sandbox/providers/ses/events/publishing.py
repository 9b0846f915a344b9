"""Follows what happens to mail, and sees what of it is an event to SES."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import NotFoundError, StoreError
from sandbox.core.model import Event, MessageRecord
from sandbox.core.services import Services
from sandbox.providers.ses import configuration_sets, following, identity, ids, opting_out
from sandbox.providers.ses.events.kinds import KINDS
from sandbox.providers.ses.events.sections import MAKERS, kind_of
from sandbox.providers.ses.events.telling import Story, tell
from sandbox.providers.ses.tracking import links_of

UNSUBSCRIBED = "recipient.unsubscribed"
log = logging.getLogger(__name__)


async def run(services: Services, section: Any, last: int) -> None:
    """Tell what happens after the event `last`, until cancelled; what can't be told is logged and left out."""
    told = _Told()
    async for event in following.events(services, last, _ours):
        if told.already(event):
            continue
        try:
            await _happened(services, section, event, told)
        except (StoreError, NotFoundError):
            log.warning("event %d could not be told", event.id, exc_info=True)
        except Exception:
            log.exception("event %d could not be told", event.id)


def _ours(event: Event) -> bool:
    """Whether an event may concern SES, as far as itself says."""
    return event.type in MAKERS and event.message is not None and event.data.get("provider", "ses") == "ses"


class _Told:
    """Which events were told together with an earlier one."""

    def __init__(self) -> None:
        self._ids: set[int] = set()

    def already(self, event: Event) -> bool:
        """Whether an event was told; asked once of each, in order."""
        found = event.id in self._ids
        self._ids.discard(event.id)
        return found

    def add(self, events: Sequence[Event]) -> None:
        """These go out with the first of them."""
        self._ids.update(event.id for event in events[1:])


async def _happened(services: Services, section: Any, event: Event, told: _Told) -> None:
    account = services.accounts.get(event.account)
    if event.type != UNSUBSCRIBED and not await _listens(services, account):
        return
    message = await services.store.messages.get(account.id, event.message or "")
    if message is None or message.provider != "ses" or "received" in message.attributes:
        return
    completed = await _completed(services, account, message, event)
    if completed is None:
        return
    event = completed
    name, make = MAKERS[event.type]
    group = await _together(services, event, message)
    told.add(group)
    region = services.providers["ses"].region
    details = make(group, message, ids.message_id(account, region), ids.sending_host(region))
    await tell(
        Story(
            services=services,
            section=section,
            account=account,
            kind=KINDS[name],
            message=message,
            details=details,
            recipient=event.recipient,
        )
    )


async def _completed(services: Services, account: Account, message: MessageRecord, event: Event) -> Event | None:
    """The event with what a simulated one lacks, the link or the change of the contact; None when there is no such."""
    if event.type == UNSUBSCRIBED and "subscription" not in event.data:
        member = await opting_out.membership(services, account, message, event.recipient)
        if member is None:
            return None
        return replace(event, data={**event.data, "subscription": await opting_out.simulated(services, member)})
    if event.type == "recipient.clicked" and "link" not in event.data:
        raw = await services.store.messages.raw(account.id, message.id)
        links = await asyncio.to_thread(links_of, raw or b"")
        if links:
            tags = {name: list(values) for name, values in links[0].tags.items()}
            return replace(event, data={**event.data, "link": links[0].url, "link_tags": tags or None})
    return event


async def _listens(services: Services, account: Account) -> bool:
    """Whether the account has anybody who could be told; spares accounts without the look at each message."""
    sets = await services.store.resources.all(account.id, "ses", configuration_sets.KIND)
    if any(one.data["destinations"] for one in sets):
        return True
    return any(one.data.get("topics") for one in await services.store.resources.all(account.id, "ses", identity.KIND))


async def _together(services: Services, event: Event, message: MessageRecord) -> list[Event]:
    """The events that happened to recipients of one domain in the same moment, beginning with this one."""
    if len(message.recipients) == 1 or event.recipient is None:
        return [event]
    of_message = await services.store.events.of_message(message.id)
    return [event, *(one for one in of_message if one.id > event.id and _kin(one, event, message))]


def _kin(one: Event, other: Event, message: MessageRecord) -> bool:
    same = (one.type, one.at, _domain(one)) == (other.type, other.at, _domain(other))
    alone = one.type in ("recipient.opened", "recipient.clicked", "recipient.complained", "recipient.unsubscribed")
    if not same or alone:
        return False
    return MAKERS[one.type][0] != "Bounce" or kind_of(one, message) == kind_of(other, message)


def _domain(event: Event) -> str:
    return (event.recipient or "").rpartition("@")[2].lower()
