"""Topics and who subscribes to them, as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses.records import record

TOPIC, SUBSCRIPTION = "sns-topic", "sns-subscription"
POSTED = ("http", "https")
"""Protocols of subscriptions that are really told; the others are kept."""
_TOKEN = "0123456789abcdef"  # noqa: S105 - the alphabet of tokens


async def topic(services: Services, account: Account, arn: str) -> Resource | None:
    """The topic of this ARN."""
    return await services.store.resources.find(account.id, "ses", TOPIC, arn)


async def topics(services: Services, account: Account) -> Sequence[Resource]:
    """Every topic, oldest first."""
    return await services.store.resources.all(account.id, "ses", TOPIC)


async def add_topic(
    services: Services, account: Account, arn: str, attributes: Mapping[str, str] | None = None
) -> Resource:
    """Make a topic, or find it when there is one of this ARN."""
    made = record(account, TOPIC, arn, {"attributes": dict(attributes or {})})
    with suppress(DuplicateKeyError):
        return await services.store.resources.add(made)
    return await topic(services, account, arn) or made


async def remove_topic(services: Services, account: Account, arn: str) -> None:
    """Remove a topic and its subscriptions; doing it twice is no error."""
    for one in await subscriptions(services, account, arn):
        await services.store.resources.remove(one)
    found = await topic(services, account, arn)
    if found is not None:
        await services.store.resources.remove(found)


async def subscriptions(services: Services, account: Account, arn: str | None = None) -> Sequence[Resource]:
    """The subscriptions of a topic, or of all, oldest first."""
    found = await services.store.resources.all(account.id, "ses", SUBSCRIPTION)
    return [one for one in found if arn is None or one.data["topic"] == arn]


async def subscription(services: Services, account: Account, arn: str) -> Resource | None:
    """The subscription of this ARN."""
    return await services.store.resources.find(account.id, "ses", SUBSCRIPTION, arn)


async def subscribe(
    services: Services,
    account: Account,
    arn: str,
    endpoint: str,
    *,
    protocol: str,
    confirmed: bool,
    attributes: Mapping[str, str] | None = None,
) -> Resource:
    """Add a subscriber, or find it when it subscribed before."""
    for one in await subscriptions(services, account, arn):
        if (one.data["endpoint"], one.data["protocol"]) == (endpoint, protocol):
            return one
    data = {
        "topic": arn,
        "endpoint": endpoint,
        "protocol": protocol,
        "confirmed": confirmed,
        "token": account.ids.choose(_TOKEN, 256),
        "attributes": dict(attributes or {}),
    }
    return await services.store.resources.add(record(account, SUBSCRIPTION, f"{arn}:{account.ids.uuid()}", data))


async def confirm(services: Services, account: Account, subscribed: Resource) -> Resource:
    """Make a subscription valid."""
    return await services.store.resources.change(
        subscribed, account.clock.now(), lambda data: {**data, "confirmed": True}
    )


def wanted(section: Any, account: Account, number: str) -> list[Resource]:
    """What the settings `ses.topics` ask for: topics with subscribers that need not confirm.

    A name stands for the ARN of the account's own topic. Ids follow from the settings, so that nothing is made twice.
    """
    made: dict[str, Resource] = {}
    for row in section.topics:
        name = str(row["arn"])
        arn = name if name.startswith("arn:") else f"arn:aws:sns:{section.region}:{number}:{name}"
        made.setdefault(arn, record(account, TOPIC, arn, {"attributes": {}}))
        endpoint = str(row["endpoint"])
        data = {
            "topic": arn,
            "endpoint": endpoint,
            "protocol": endpoint.partition(":")[0],
            "confirmed": True,
            "token": "",
            "attributes": {},
        }
        key = f"{arn}:settings-{endpoint}"
        made[key] = record(account, SUBSCRIPTION, key, data)
    return list(made.values())
