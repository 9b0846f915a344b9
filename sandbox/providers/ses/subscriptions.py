"""Contacts as they are kept, and what they want to get: pure functions besides the look-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ses.records import record

LIST, CONTACT = "contact-list", "contact"
IN, OUT = "OPT_IN", "OPT_OUT"
Preferences = Sequence[Mapping[str, str]]


async def contact_list(services: Services, account: Account, name: str) -> Resource | None:
    """The contact list of this name."""
    return await services.store.resources.find(account.id, "ses", LIST, name)


async def contact(services: Services, account: Account, list_name: str, address: str) -> Resource | None:
    """The contact of this address; case makes no difference."""
    return await services.store.resources.find(account.id, "ses", CONTACT, key_of(list_name, address))


async def contacts(services: Services, account: Account, list_name: str) -> Sequence[Resource]:
    """Every contact of a list, oldest first."""
    found = await services.store.resources.all(account.id, "ses", CONTACT)
    return [row for row in found if row.data["list"] == list_name]


def key_of(list_name: str, address: str) -> str:
    """How a contact is kept."""
    return f"{list_name}/{address.lower()}"


def new_contact(
    account: Account,
    list_name: str,
    address: str,
    *,
    preferences: Preferences = (),
    unsubscribed: bool = False,
    attributes: str | None = None,
) -> Resource:
    """A contact that is made now."""
    data = {
        "list": list_name,
        "address": address,
        "preferences": [dict(one) for one in preferences],
        "unsubscribed": unsubscribed,
        "attributes": attributes,
    }
    return record(account, CONTACT, key_of(list_name, address), data)


def own(found: Resource, topic: str) -> str | None:
    """What a contact said about a topic itself; None when it said nothing."""
    said = [one["SubscriptionStatus"] for one in found.data["preferences"] if one["TopicName"] == topic]
    return said[-1] if said else None


def default(listed: Resource, topic: str) -> str | None:
    """What holds for contacts that said nothing; None when the list has no such topic."""
    found = [one["DefaultSubscriptionStatus"] for one in listed.data["topics"] if one["TopicName"] == topic]
    return str(found[0]) if found else None


def status(listed: Resource, found: Resource, topic: str) -> str:
    """Whether a contact gets mail on a topic."""
    if found.data["unsubscribed"]:
        return OUT
    return own(found, topic) or default(listed, topic) or OUT


def wants(listed: Resource, found: Resource, topic: str | None) -> bool:
    """Whether mail to a contact is sent: about a topic, or to the list as a whole."""
    if topic is None:
        return not found.data["unsubscribed"]
    return status(listed, found, topic) == IN


def defaults(listed: Resource, found: Resource) -> list[dict[str, str]]:
    """The topics on which a contact follows the list's default."""
    return [
        {"TopicName": one["TopicName"], "SubscriptionStatus": one["DefaultSubscriptionStatus"]}
        for one in listed.data["topics"]
        if own(found, one["TopicName"]) is None
    ]


def summary(data: Mapping[str, Any]) -> dict[str, Any]:
    """A contact's wishes as events tell them."""
    words = {IN: "OptIn", OUT: "OptOut"}
    return {
        "unsubscribeAll": bool(data["unsubscribed"]),
        "topicSubscriptionStatus": [
            {"topicName": one["TopicName"], "subscriptionStatus": words[one["SubscriptionStatus"]]}
            for one in data["preferences"]
        ],
    }
