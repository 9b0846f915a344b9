"""Follows what happens to mail and tells it: to the destinations of configuration sets, to the topics of identities."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandbox.core import headers
from sandbox.core.accounts import Account
from sandbox.core.errors import NotFoundError, StoreError
from sandbox.core.model import Event, MessageRecord, Resource
from sandbox.core.services import Services
from sandbox.providers.ses import configuration_sets, following, identity, ids, opting_out
from sandbox.providers.ses.events import mail, outlets
from sandbox.providers.ses.events.kinds import KINDS, Kind
from sandbox.providers.ses.events.mail import Sender
from sandbox.providers.ses.events.sections import MAKERS, Section, kind_of
from sandbox.providers.ses.owner import owner
from sandbox.providers.ses.sns import publishing

MTA = "a8-77.smtp-out.{domain}"
"""The host that sends; the region stands in it everywhere but in us-east-1."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One happening, with everything that telling it needs."""

    services: Services
    section: Any
    account: Account
    kind: Kind
    message: MessageRecord
    details: Section
    recipient: str | None = None


async def run(services: Services, section: Any) -> None:
    """Tell what happens from now on, until cancelled; what can't be told is logged and left out."""
    told = _Told()
    async for event in following.events(services):
        if event.type not in MAKERS or event.message is None or told.already(event):
            continue
        try:
            await _happened(services, section, event, told)
        except (StoreError, NotFoundError):
            log.warning("event %d could not be told", event.id, exc_info=True)
        except Exception:
            log.exception("event %d could not be told", event.id)


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
    message = await services.store.messages.get(account.id, event.message or "")
    if message is None or message.provider != "ses":
        return
    if event.type == "recipient.unsubscribed" and "subscription" not in event.data:
        member = await opting_out.membership(services, account, message, event.recipient)
        if member is None:
            return
        event = replace(event, data={**event.data, "subscription": await opting_out.simulated(services, member)})
    name, make = MAKERS[event.type]
    group = await _together(services, event, message)
    told.add(group)
    region = services.providers["ses"].region
    domain = "amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"
    details = make(group, message, ids.message_id(account, region), MTA.format(domain=domain))
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


async def tell(story: Story) -> None:
    """Tell one happening to everybody who wants to hear of it."""
    found = await _configuration_set(story)
    wanting = [one for one in (found.data["destinations"] if found else ()) if _wants(one, story.kind)]
    source = await _identity(story)
    topic = (source.data.get("topics", {}) if source else {}).get(story.kind.topic) if story.kind.topic else None
    if not wanting and not topic:
        return
    raw = await story.services.store.messages.raw(story.account.id, story.message.id) or b""
    sender = await _sender(story, source)
    if wanting:
        await _publish(story, wanting, raw, sender)
    if topic and source:
        await _notify(story, str(topic), source, raw, sender)


async def _configuration_set(story: Story) -> Resource | None:
    name = story.message.attributes.get("configuration_set")
    return await configuration_sets.get(story.services, story.account, str(name)) if name else None


def _wants(destination: Mapping[str, Any], kind: Kind) -> bool:
    return bool(destination["Enabled"]) and kind.v2 in destination["MatchingEventTypes"]


async def _identity(story: Story) -> Resource | None:
    """The identity that the message was sent as."""
    addresses = headers.addresses(story.message.sender) or [story.message.envelope.mail_from]
    return await identity.sending(story.services, story.account, addresses[0])


async def _sender(story: Story, source: Resource | None) -> Sender:
    who = await owner(story.services, story.account)
    attributes = story.message.attributes
    fallback = (headers.addresses(story.message.sender) or [story.message.envelope.mail_from])[0]
    user = str(attributes.get("caller") or story.message.envelope.user)
    return Sender(
        account=who.number,
        source_arn=str(attributes.get("source_arn") or who.arn(f"identity/{source.key if source else fallback}")),
        caller=user.rpartition("/")[2],
    )


async def _publish(story: Story, wanting: Sequence[Mapping[str, Any]], raw: bytes, sender: Sender) -> None:
    """Event publishing: the same JSON for every destination."""
    tags = mail.tags(story.message, sender)
    if story.kind.name == "Delivery":
        tags["ses:outgoing-ip"] = ["192.0.2.25"]
    described = {**mail.mail(story.message, raw, sender, with_headers=story.kind.headers), "tags": tags}
    body = {"eventType": story.kind.name, "mail": described, story.kind.section: story.details}
    await deliver(story, wanting, body)


async def deliver(story: Story, wanting: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> None:
    """Note an event in the log, and hand it to each destination."""
    await _note(story, [str(one["Name"]) for one in wanting], body)
    parcel = outlets.Parcel(
        services=story.services,
        section=story.section,
        account=story.account,
        kind=story.kind,
        body=body,
        about=(story.message.id or None, story.recipient),
    )
    for destination in wanting:
        await outlets.hand_over(parcel, destination)


async def _notify(story: Story, topic: str, source: Resource, raw: bytes, sender: Sender) -> None:
    """The notification of an identity: other names, no tags."""
    with_headers = bool(source.data.get("headers_in", {}).get(story.kind.topic))
    body = {
        "notificationType": story.kind.name,
        story.kind.section: story.details,
        "mail": mail.notification_mail(story.message, raw, sender, with_headers=with_headers),
    }
    about = (story.message.id, story.recipient)
    await _note(story, [topic], body)
    await publishing.publish(story.services, story.account, topic, json.dumps(body, ensure_ascii=False), about=about)


async def _note(story: Story, targets: Sequence[str], body: Mapping[str, Any]) -> None:
    now = story.account.clock.now()
    data = {"provider": "ses", "kind": story.kind.name, "targets": list(targets), "event": dict(body)}
    await story.services.store.database.write(
        lambda transaction: transaction.event(
            account=story.account.id,
            at=now,
            type="event.published",
            message=story.message.id or None,
            recipient=story.recipient,
            data=data,
        )
    )
