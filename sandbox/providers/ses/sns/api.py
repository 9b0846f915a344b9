"""The API of SNS, as much as is needed to wire topics to programs: boto3's `sns` client speaks to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import NotFoundError, Refusal
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.sns import publishing, topics

PAGE = 100
MESSAGE = 262_144
"""Octets of a message."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_PENDING = "pending confirmation"
_SETTABLE = {"SignatureVersion", "DisplayName", "Policy", "DeliveryPolicy", "KmsMasterKeyId", "TracingConfig"}
_SUBSCRIBER = {"RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "DeliveryPolicy", "RedrivePolicy"}


async def create_topic(call: Call) -> Mapping[str, Any]:
    """CreateTopic; the same name again gives the same topic."""
    name = call.input["Name"]
    if not _NAME.fullmatch(name):
        raise Refusal("api.InvalidParameter.sns", parameter="Topic Name")
    arn = f"arn:aws:sns:{call.region}:{call.owner.number}:{name}"
    await topics.add_topic(call.services, call.account, arn, call.input.get("Attributes"))
    return {"TopicArn": arn}


async def delete_topic(call: Call) -> Mapping[str, Any]:
    """DeleteTopic; events for it are dropped from then on."""
    await topics.remove_topic(call.services, call.account, call.input["TopicArn"])
    return {}


async def list_topics(call: Call) -> Mapping[str, Any]:
    """ListTopics."""
    found, token = page(
        await topics.topics(call.services, call.account), size=PAGE, token=call.input.get("NextToken"), default=PAGE
    )
    return {"Topics": [{"TopicArn": one.key} for one in found], "NextToken": token}


async def get_topic_attributes(call: Call) -> Mapping[str, Any]:
    """GetTopicAttributes."""
    found = await _topic(call)
    subscribed = await topics.subscriptions(call.services, call.account, found.key)
    confirmed = sum(bool(one.data["confirmed"]) for one in subscribed)
    return {
        "Attributes": {
            "TopicArn": found.key,
            "Owner": call.owner.number,
            "DisplayName": "",
            "SubscriptionsConfirmed": str(confirmed),
            "SubscriptionsPending": str(len(subscribed) - confirmed),
            "SubscriptionsDeleted": "0",
            "Policy": json.dumps({"Version": "2008-10-17", "Statement": []}),
            **found.data["attributes"],
        }
    }


async def set_topic_attributes(call: Call) -> Mapping[str, Any]:
    """SetTopicAttributes; `SignatureVersion` 2 makes notifications signed with SHA-256."""
    found, name = await _topic(call), call.input["AttributeName"]
    value = call.input.get("AttributeValue", "")
    if name not in _SETTABLE or (name == "SignatureVersion" and value not in ("1", "2")):
        raise Refusal("api.InvalidParameter.sns", parameter="AttributeName")
    await call.services.store.resources.change(
        found, call.now, lambda data: {**data, "attributes": {**data["attributes"], name: value}}
    )
    return {}


async def subscribe(call: Call) -> Mapping[str, Any]:
    """Subscribe; a program that is told by HTTP has to confirm, as it is asked to at once."""
    found = await _topic(call)
    protocol, endpoint = call.input["Protocol"], call.input.get("Endpoint", "")
    if not endpoint or (protocol in topics.POSTED and not endpoint.startswith(f"{protocol}://")):
        raise Refusal("api.InvalidParameter.sns", parameter="Endpoint must match the specified protocol")
    made = await topics.subscribe(
        call.services,
        call.account,
        found.key,
        endpoint,
        protocol=protocol,
        confirmed=protocol not in topics.POSTED,
        attributes=call.input.get("Attributes"),
    )
    if not made.data["confirmed"]:
        await publishing.ask(call.services, call.account, made)
    shown = made.data["confirmed"] or call.input.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": made.key if shown else _PENDING}


async def confirm_subscription(call: Call) -> Mapping[str, Any]:
    """ConfirmSubscription."""
    await _topic(call)
    found = await _by_token(call.services, call.input["TopicArn"], call.input["Token"])
    if found is None:
        raise Refusal("api.InvalidParameter.sns", parameter="Token")
    await topics.confirm(call.services, call.account, found)
    return {"SubscriptionArn": found.key}


async def unsubscribe(call: Call) -> Mapping[str, Any]:
    """Unsubscribe."""
    found = await topics.subscription(call.services, call.account, call.input["SubscriptionArn"])
    if found is not None:
        await call.services.store.resources.remove(found)
    return {}


async def list_subscriptions(call: Call) -> Mapping[str, Any]:
    """ListSubscriptions."""
    return await _listed(call, None)


async def list_subscriptions_by_topic(call: Call) -> Mapping[str, Any]:
    """ListSubscriptionsByTopic."""
    return await _listed(call, (await _topic(call)).key)


async def get_subscription_attributes(call: Call) -> Mapping[str, Any]:
    """GetSubscriptionAttributes."""
    found = await _subscription(call)
    return {
        "Attributes": {
            "SubscriptionArn": found.key,
            "TopicArn": found.data["topic"],
            "Protocol": found.data["protocol"],
            "Endpoint": found.data["endpoint"],
            "Owner": call.owner.number,
            "PendingConfirmation": "false" if found.data["confirmed"] else "true",
            "ConfirmationWasAuthenticated": "false",
            "RawMessageDelivery": "false",
            "SubscriptionPrincipal": call.principal.user,
            **found.data["attributes"],
        }
    }


async def set_subscription_attributes(call: Call) -> Mapping[str, Any]:
    """SetSubscriptionAttributes; `RawMessageDelivery` is followed, the others are kept."""
    found, name = await _subscription(call), call.input["AttributeName"]
    if name not in _SUBSCRIBER:
        raise Refusal("api.InvalidParameter.sns", parameter="AttributeName")
    value = call.input.get("AttributeValue", "")
    await call.services.store.resources.change(
        found, call.now, lambda data: {**data, "attributes": {**data["attributes"], name: value}}
    )
    return {}


async def publish(call: Call) -> Mapping[str, Any]:
    """Publish."""
    arn = call.input.get("TopicArn") or call.input.get("TargetArn") or ""
    message, each = call.input["Message"], None
    if len(message.encode()) > MESSAGE:
        raise Refusal("api.InvalidParameter.sns", parameter="Message too long")
    if call.input.get("MessageStructure") == "json":
        each = publishing.by_protocol(message)
        if each is None:
            raise Refusal("api.InvalidParameter.sns", parameter="Message Structure - No default entry in JSON")
        message = each["default"]
    subject = call.input.get("Subject", "")
    message_id = await publishing.publish(call.services, call.account, arn, message, subject=subject, each=each)
    if message_id is None:
        raise Refusal("api.NotFound.topic")
    return {"MessageId": message_id}


async def _topic(call: Call) -> Resource:
    found = await topics.topic(call.services, call.account, call.input["TopicArn"])
    if found is None:
        raise Refusal("api.NotFound.topic")
    return found


async def _subscription(call: Call) -> Resource:
    found = await topics.subscription(call.services, call.account, call.input["SubscriptionArn"])
    if found is None:
        raise Refusal("api.NotFound.subscription")
    return found


async def _listed(call: Call, arn: str | None) -> Mapping[str, Any]:
    found = await topics.subscriptions(call.services, call.account, arn)
    shown, token = page(found, size=PAGE, token=call.input.get("NextToken"), default=PAGE)
    rows = [
        {
            "SubscriptionArn": one.key if one.data["confirmed"] else "PendingConfirmation",
            "Owner": call.owner.number,
            "Protocol": one.data["protocol"],
            "Endpoint": one.data["endpoint"],
            "TopicArn": one.data["topic"],
        }
        for one in shown
    ]
    return {"Subscriptions": rows, "NextToken": token}


async def _by_token(services: Services, arn: str, token: str) -> Resource | None:
    """The subscription that was given this token, in whichever account."""
    for account in services.accounts.all():
        for one in await topics.subscriptions(services, account, arn):
            if token and one.data["token"] == token:
                return one
    return None


async def visit_confirm(services: Services, arn: str, token: str) -> Resource | None:
    """What a visit to a SubscribeURL does; None when the token is wrong."""
    found = await _by_token(services, arn, token)
    try:
        return found and await topics.confirm(services, services.accounts.get(found.account), found)
    except NotFoundError:
        return None


async def visit_unsubscribe(services: Services, arn: str) -> bool:
    """What a visit to an UnsubscribeURL does; whether there was such a subscription."""
    found = await services.store.resources.anywhere("ses", topics.SUBSCRIPTION, arn)
    for one in found:
        await services.store.resources.remove(one)
    return bool(found)


SNS: Mapping[str, Handler] = {
    "ConfirmSubscription": confirm_subscription,
    "CreateTopic": create_topic,
    "DeleteTopic": delete_topic,
    "GetSubscriptionAttributes": get_subscription_attributes,
    "GetTopicAttributes": get_topic_attributes,
    "ListSubscriptions": list_subscriptions,
    "ListSubscriptionsByTopic": list_subscriptions_by_topic,
    "ListTopics": list_topics,
    "Publish": publish,
    "SetSubscriptionAttributes": set_subscription_attributes,
    "SetTopicAttributes": set_topic_attributes,
    "Subscribe": subscribe,
    "Unsubscribe": unsubscribe,
}
