"""Operations of API v1 on how an identity tells of bounces, complaints and deliveries: topics, headers, forwarding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses import registry
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.events import notices

KINDS = ("Bounce", "Complaint", "Delivery")


async def set_identity_notification_topic(call: Call) -> Mapping[str, Any]:
    """Choose the topic for one kind of notification; without a topic, none."""
    found = await registry.known_older(call, call.input["Identity"])
    topics = {**found.data["topics"], call.input["NotificationType"]: call.input.get("SnsTopic")}
    kept = {kind: topic for kind, topic in topics.items() if topic}
    if not found.data["feedback"] and not _covered(kept):
        raise Refusal("api.BadRequestException.forwarding", resource=found.key)
    await registry.change(call, found, {"topics": kept})
    if topic := call.input.get("SnsTopic"):
        await notices.welcome(call, topic, call.input["NotificationType"], found.key)
    return {}


async def set_identity_feedback_forwarding_enabled(call: Call) -> Mapping[str, Any]:
    """Forward by mail; it can be switched off only when topics take bounces and complaints instead."""
    found = await registry.known_older(call, call.input["Identity"])
    enabled = call.input["ForwardingEnabled"]
    if not enabled and not _covered(found.data["topics"]):
        raise Refusal("api.BadRequestException.forwarding", resource=found.key)
    await registry.change(call, found, {"feedback": enabled})
    return {}


async def set_identity_headers_in_notifications_enabled(call: Call) -> Mapping[str, Any]:
    """Put the headers of the message into notifications of a kind, or leave them out."""
    found = await registry.known_older(call, call.input["Identity"])
    wanted = {**found.data["headers_in"], call.input["NotificationType"]: call.input["Enabled"]}
    await registry.change(call, found, {"headers_in": wanted})
    return {}


async def get_identity_notification_attributes(call: Call) -> Mapping[str, Any]:
    """All of it, for several identities; those that there are not are left out."""
    shown: dict[str, Any] = {}
    for name in call.input["Identities"]:
        found = await registry.known(call, name)
        if found is not None:
            topics, headers = found.data["topics"], found.data["headers_in"]
            shown[name] = {
                **{f"{kind}Topic": topics.get(kind, "") for kind in KINDS},
                "ForwardingEnabled": found.data["feedback"],
                **{f"HeadersIn{kind}NotificationsEnabled": headers.get(kind, False) for kind in KINDS},
            }
    return {"NotificationAttributes": shown}


def _covered(topics: Mapping[str, str]) -> bool:
    return bool(topics.get("Bounce") and topics.get("Complaint"))


V1: Mapping[str, Handler] = {
    "GetIdentityNotificationAttributes": get_identity_notification_attributes,
    "SetIdentityFeedbackForwardingEnabled": set_identity_feedback_forwarding_enabled,
    "SetIdentityHeadersInNotificationsEnabled": set_identity_headers_in_notifications_enabled,
    "SetIdentityNotificationTopic": set_identity_notification_topic,
}
