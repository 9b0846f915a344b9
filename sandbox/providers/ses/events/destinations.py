"""Event destinations in both APIs' words: what a configuration set tells to whom, and which events it wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.providers.ses.events.kinds import V1_TO_V2, V2_TO_V1

KINDS = (
    "SnsDestination", "EventBridgeDestination", "KinesisFirehoseDestination", "CloudWatchDestination",
    "PinpointDestination",
)  # fmt: skip
"""Where events can go; a destination has one of them."""
_SOURCES = {"MESSAGE_TAG": "messageTag", "EMAIL_HEADER": "emailHeader", "LINK_TAG": "linkTag"}
_NEWER_SOURCES = {older: newer for newer, older in _SOURCES.items()}


def from_older(given: Mapping[str, Any]) -> dict[str, Any]:
    """A destination of API v1 as it is stored."""
    found: dict[str, Any] = {
        "Name": given["Name"],
        "Enabled": given.get("Enabled", False),
        "MatchingEventTypes": [V1_TO_V2[one] for one in given["MatchingEventTypes"]],
    }
    if topic := given.get("SNSDestination"):
        found["SnsDestination"] = {"TopicArn": topic["TopicARN"]}
    if stream := given.get("KinesisFirehoseDestination"):
        found["KinesisFirehoseDestination"] = {
            "IamRoleArn": stream["IAMRoleARN"],
            "DeliveryStreamArn": stream["DeliveryStreamARN"],
        }
    if metrics := given.get("CloudWatchDestination"):
        found["CloudWatchDestination"] = _dimensions(metrics, _NEWER_SOURCES)
    return found


def as_older(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored destination as API v1 shows it; what that API does not know is left out."""
    found: dict[str, Any] = {
        "Name": stored["Name"],
        "Enabled": stored["Enabled"],
        "MatchingEventTypes": [V2_TO_V1[one] for one in stored["MatchingEventTypes"] if one in V2_TO_V1],
    }
    if topic := stored.get("SnsDestination"):
        found["SNSDestination"] = {"TopicARN": topic["TopicArn"]}
    if stream := stored.get("KinesisFirehoseDestination"):
        found["KinesisFirehoseDestination"] = {
            "IAMRoleARN": stream["IamRoleArn"],
            "DeliveryStreamARN": stream["DeliveryStreamArn"],
        }
    if metrics := stored.get("CloudWatchDestination"):
        found["CloudWatchDestination"] = _dimensions(metrics, _SOURCES)
    return found


def kinds(destination: Mapping[str, Any]) -> Sequence[str]:
    """The kinds of target that a destination names."""
    return [kind for kind in KINDS if destination.get(kind)]


def target(destination: Mapping[str, Any]) -> str:
    """The ARN that a destination tells; empty for metrics, which have none."""
    for kind, name in (
        ("SnsDestination", "TopicArn"),
        ("EventBridgeDestination", "EventBusArn"),
        ("KinesisFirehoseDestination", "DeliveryStreamArn"),
        ("PinpointDestination", "ApplicationArn"),
    ):
        if kind in destination:
            return str(destination[kind].get(name, ""))
    return ""


def _dimensions(metrics: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, Any]:
    return {
        "DimensionConfigurations": [
            {**one, "DimensionValueSource": sources[one["DimensionValueSource"]]}
            for one in metrics["DimensionConfigurations"]
        ]
    }
