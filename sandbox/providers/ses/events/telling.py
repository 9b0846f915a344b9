"""Tells one happening: to the event destinations of its configuration set, to the topics of its identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.core import headers
from sandbox.core.accounts import Account
from sandbox.core.delivered_copy import SENDING_ADDRESS
from sandbox.core.errors import StoreError
from sandbox.core.model import MessageRecord, Resource
from sandbox.core.services import Services
from sandbox.providers.ses import configuration_sets, identity
from sandbox.providers.ses.events import mail, outlets
from sandbox.providers.ses.events.kinds import Kind
from sandbox.providers.ses.events.mail import Sender
from sandbox.providers.ses.events.sections import Section
from sandbox.providers.ses.owner import owner
from sandbox.providers.ses.sns import publishing


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
        tags["ses:outgoing-ip"] = [SENDING_ADDRESS]
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
    await publishing.publish(story.services, story.account, topic, outlets.text_of(body), about=about)


async def _note(story: Story, targets: Sequence[str], body: Mapping[str, Any]) -> None:
    now = story.account.clock.now()
    data = {"provider": "ses", "kind": story.kind.name, "targets": list(targets), "event": dict(body)}
    with suppress(StoreError):  # a full disk is no reason not to tell
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
