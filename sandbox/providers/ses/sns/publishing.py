"""Hands a message to everybody who subscribed to a topic, signed; the courier carries it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.model import Resource
from sandbox.core.postings import Posting
from sandbox.core.services import Services
from sandbox.providers.ses.sns import envelope, topics
from sandbox.providers.ses.sns.certificate import signer

PATH = "/sns"
"""Where subscribers confirm and leave; at the service it is the root, which shows the web viewer here."""


async def publish(
    services: Services,
    account: Account,
    arn: str,
    message: str,
    *,
    subject: str = "",
    about: tuple[str | None, str | None] = (None, None),
    each: Mapping[str, str] | None = None,
) -> str | None:
    """Tell a topic's confirmed subscribers; returns the message id, None when there is no such topic.

    `about` are the sandbox's message and the recipient that the log of callbacks names; `each` has other texts by
    protocol.
    """
    topic = await topics.topic(services, account, arn)
    if topic is None:
        return None
    message_id, signed = account.ids.uuid(), await signer(services)
    for one in await topics.subscriptions(services, account, arn):
        if not one.data["confirmed"] or one.data["protocol"] not in topics.POSTED:
            continue
        fields = envelope.notification(
            message_id=message_id,
            topic=arn,
            subject=subject,
            message=(each or {}).get(one.data["protocol"], message),
            timestamp=to_iso(account.clock.now()),
            signer=signed,
            version=_version(topic),
        )
        _post(services, account, one, fields, about)
    return message_id


async def ask(services: Services, account: Account, subscribed: Resource) -> None:
    """Send a new subscriber the request to confirm."""
    if subscribed.data["protocol"] not in topics.POSTED:
        return
    topic = await topics.topic(services, account, subscribed.data["topic"])
    fields = envelope.confirmation(
        message_id=account.ids.uuid(),
        topic=subscribed.data["topic"],
        token=subscribed.data["token"],
        subscribe_url=_url(services, subscribed, confirm=True),
        timestamp=to_iso(account.clock.now()),
        signer=await signer(services),
        version=_version(topic),
    )
    _send(services, account, subscribed, envelope.posting(fields), fields["Type"])


def _post(
    services: Services,
    account: Account,
    subscribed: Resource,
    fields: Mapping[str, str],
    about: tuple[str | None, str | None],
) -> None:
    if subscribed.data["attributes"].get("RawMessageDelivery", "").lower() == "true":
        posting = envelope.raw_posting(fields, subscribed.key)
    else:
        whole = {**fields, "UnsubscribeURL": _url(services, subscribed, confirm=False)}
        posting = envelope.posting(whole, subscribed.key)
    _send(services, account, subscribed, posting, fields["Type"], about)


def _send(
    services: Services,
    account: Account,
    subscribed: Resource,
    posting: envelope.Posting,
    kind: str,
    about: tuple[str | None, str | None] = (None, None),
) -> None:
    services.courier.send(
        Posting(
            url=subscribed.data["endpoint"],
            headers=posting.headers,
            body=posting.body,
            account=account.id,
            kind=kind,
            message=about[0],
            recipient=about[1],
        )
    )


def _version(topic: Resource | None) -> str:
    """Which kind of signature the topic wants."""
    return "2" if topic is not None and topic.data["attributes"].get("SignatureVersion") == "2" else "1"


def _url(services: Services, subscribed: Resource, *, confirm: bool) -> str:
    """Where a subscriber confirms or leaves; with TLS for those that speak it themselves."""
    root = services.endpoints.get(subscribed.data["protocol"], "http://localhost")
    if confirm:
        wish = {
            "Action": "ConfirmSubscription",
            "TopicArn": subscribed.data["topic"],
            "Token": subscribed.data["token"],
        }
    else:
        wish = {"Action": "Unsubscribe", "SubscriptionArn": subscribed.key}
    return f"{root}{PATH}?{urlencode(wish, safe=':')}"


def by_protocol(message: str) -> Mapping[str, str] | None:
    """The texts of a message with `MessageStructure=json`; None when it is not what that asks for."""
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("default"), str):
        return None
    return {key: value for key, value in found.items() if isinstance(value, str)}
