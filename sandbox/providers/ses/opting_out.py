"""What changes when a contact unsubscribes: the contact, and the story of it that events tell."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.attempts import FollowUp
from sandbox.core.errors import NotFoundError
from sandbox.core.model import MessageRecord, Resource
from sandbox.core.services import Services
from sandbox.providers.ses import subscriptions
from sandbox.providers.ses.subscriptions import IN, OUT

HEADER, PAGE = "UnsubscribeHeader", "amazonSESUnsubscribeUrl"
"""Where a change came from, as events name it."""
PATH = "/ses/unsubscribe"
TOKEN = 1024
_MAC = 16


@dataclass(frozen=True, kw_only=True)
class Membership:
    """What a token stands for: a recipient of a message as a contact of its list."""

    account: Account
    message: MessageRecord
    recipient: str
    listed: Resource
    contact: Resource

    @property
    def topic(self) -> str | None:
        """The topic that the message was about."""
        found = self.message.attributes.get("topic")
        return str(found) if found else None


def address_of(services: Services, secret: bytes, message: MessageRecord) -> str:
    """The unsubscription address of a message to one contact: HTTPS, as RFC 8058 asks for."""
    root = services.endpoints.get("https", "https://localhost")
    payload = f"{message.account}/{message.id}".encode()
    token = base64.urlsafe_b64encode(_mac(secret, payload) + payload).decode("ascii").rstrip("=")
    return f"{root}{PATH}/{token}"


async def of_token(services: Services, secret: bytes, token: str) -> Membership | None:
    """What a token stands for; None for one that was not given out, or whose message, list or contact is gone."""
    try:
        octets = base64.urlsafe_b64decode(token[:TOKEN] + "=" * (-len(token) % 4))
        mac, payload = octets[:_MAC], octets[_MAC:]
        if not hmac.compare_digest(mac, _mac(secret, payload)):
            return None
        owner, _, name = payload.decode("ascii").partition("/")
        account = services.accounts.get(owner)
    except (binascii.Error, ValueError, NotFoundError):
        return None
    message = await services.store.messages.get(account.id, name)
    return await membership(services, account, message, None) if message else None


async def membership(
    services: Services, account: Account, message: MessageRecord, recipient: str | None
) -> Membership | None:
    """A recipient (None: the only one) of a message as a contact of the list it names."""
    name = message.attributes.get("list")
    address = recipient or message.envelope.rcpt_to[0]
    listed = await subscriptions.contact_list(services, account, str(name)) if name else None
    contact = await subscriptions.contact(services, account, listed.key, address) if listed else None
    if listed is None or contact is None:
        return None
    return Membership(account=account, message=message, recipient=address, listed=listed, contact=contact)


async def one_click(services: Services, member: Membership, agent: str = "") -> None:
    """Unsubscribe from the topic of the message; without one, from everything."""
    wish = {"unsubscribed": True} if member.topic is None else {"preferences": _without(member.contact, member.topic)}
    await _apply(services, member, wish, HEADER, agent)


async def choose(
    services: Services, member: Membership, topics: Collection[str], *, everything: bool, agent: str = ""
) -> None:
    """Take over what a contact chose on the page: the topics it wants, or nothing at all."""
    names = [one["TopicName"] for one in member.listed.data["topics"]]
    preferences = [{"TopicName": name, "SubscriptionStatus": IN if name in topics else OUT} for name in names]
    await _apply(services, member, {"preferences": preferences, "unsubscribed": everything}, PAGE, agent)


async def _apply(services: Services, member: Membership, wish: Mapping[str, Any], source: str, agent: str) -> None:
    """Change the contact, and let the recipient's story tell it; a change of nothing is no event."""
    before = member.contact.data
    if all(before[name] == value for name, value in wish.items()):
        return
    after = await services.store.resources.change(
        member.contact, member.account.clock.now(), lambda data: {**data, **wish}
    )
    data = {"user_agent": agent[:400], "subscription": story(member.listed.key, before, after.data, source)}
    await services.delivery.simulate(
        member.account, member.message.id, member.recipient, FollowUp.UNSUBSCRIBE, data=data
    )


async def simulated(services: Services, member: Membership) -> dict[str, Any]:
    """Do what a click would have done, for an event that was simulated; returns the story of it."""
    before = member.contact.data
    wish = {"unsubscribed": True} if member.topic is None else {"preferences": _without(member.contact, member.topic)}
    after = await services.store.resources.change(
        member.contact, member.account.clock.now(), lambda data: {**data, **wish}
    )
    return story(member.listed.key, before, after.data, HEADER)


def story(list_name: str, before: Mapping[str, Any], after: Mapping[str, Any], source: str) -> dict[str, Any]:
    """A change of a contact as an event tells it, without its time."""
    return {
        "contactList": list_name,
        "source": source,
        "newTopicPreferences": subscriptions.summary(after),
        "oldTopicPreferences": subscriptions.summary(before),
    }


def _without(contact: Resource, topic: str) -> list[dict[str, str]]:
    kept = [dict(one) for one in contact.data["preferences"] if one["TopicName"] != topic]
    return [*kept, {"TopicName": topic, "SubscriptionStatus": OUT}]


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, b"unsubscribe/" + payload, hashlib.sha256)[:_MAC]
