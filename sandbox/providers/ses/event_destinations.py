"""Operations on the event destinations of a configuration set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses import configuration_sets
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.events.destinations import from_older, kinds
from sandbox.providers.ses.sns import publishing, topics
from sandbox.providers.ses.troubles import refusal

MOST = 10
"""Event destinations of a configuration set."""
DIMENSIONS = 10
"""Dimensions of a CloudWatch destination."""
VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."
"""What a topic is told when it becomes a destination."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def create(call: Call) -> Mapping[str, Any]:
    """CreateConfigurationSetEventDestination of either API."""
    found = await configuration_sets.needed(call)
    wanted = await _wanted(call)
    name = wanted["Name"]

    def add(data: dict[str, Any]) -> dict[str, Any]:
        if any(one["Name"] == name for one in data["destinations"]):
            raise refusal(call.api, "event-destination-exists", resource=name, parameter=found.key)
        if len(data["destinations"]) >= MOST:
            raise Refusal("api.LimitExceededException.event-destinations", limit=MOST)
        return {**data, "destinations": [*data["destinations"], wanted]}

    await configuration_sets.change(call, found, add)
    await _validate(call, wanted)
    return {}


async def update(call: Call) -> Mapping[str, Any]:
    """UpdateConfigurationSetEventDestination of either API: replaces what there is of this name."""
    found = await configuration_sets.needed(call)
    wanted = await _wanted(call)

    def put(data: dict[str, Any]) -> dict[str, Any]:
        if all(one["Name"] != wanted["Name"] for one in data["destinations"]):
            raise refusal(call.api, "no-event-destination", resource=found.key)
        return {**data, "destinations": [wanted if one["Name"] == wanted["Name"] else one
                                         for one in data["destinations"]]}  # fmt: skip

    await configuration_sets.change(call, found, put)
    await _validate(call, wanted)
    return {}


async def delete(call: Call) -> Mapping[str, Any]:
    """DeleteConfigurationSetEventDestination of either API."""
    found, name = await configuration_sets.needed(call), call.input["EventDestinationName"]

    def drop(data: dict[str, Any]) -> dict[str, Any]:
        left = [one for one in data["destinations"] if one["Name"] != name]
        if len(left) == len(data["destinations"]):
            raise refusal(call.api, "no-event-destination", resource=found.key)
        return {**data, "destinations": left}

    await configuration_sets.change(call, found, drop)
    return {}


async def listed(call: Call) -> Mapping[str, Any]:
    """GetConfigurationSetEventDestinations."""
    found = await configuration_sets.needed(call)
    return {"EventDestinations": found.data["destinations"]}


async def _wanted(call: Call) -> dict[str, Any]:
    """The destination that a call describes, as it is stored; `Refusal` for one that makes no sense."""
    given = call.input["EventDestination"]
    wanted = (
        from_older(given)
        if call.api == "v1"
        else {"Enabled": False, **given, "Name": call.input["EventDestinationName"]}
    )
    if not _NAME.fullmatch(wanted["Name"]):
        raise Refusal("api.BadRequestException.event-destination-name", resource=wanted["Name"][:100])
    if not wanted.get("MatchingEventTypes"):
        raise Refusal("api.BadRequestException.event-types")
    if len(kinds(wanted)) != 1:
        raise Refusal("api.BadRequestException.event-destination-kind")
    if len(wanted.get("CloudWatchDestination", {}).get("DimensionConfigurations", [])) > DIMENSIONS:
        raise Refusal("api.LimitExceededException.dimensions", limit=DIMENSIONS)
    await _check_topic(call, wanted)
    return wanted


async def _check_topic(call: Call, wanted: Mapping[str, Any]) -> None:
    if "SnsDestination" not in wanted:
        return
    arn = wanted["SnsDestination"]["TopicArn"]
    if await topics.topic(call.services, call.account, arn) is None:
        if not call.services.permissive:
            raise refusal(call.api, "no-topic", resource=arn[:300])
        await topics.add_topic(call.services, call.account, arn)


async def _validate(call: Call, wanted: Mapping[str, Any]) -> None:
    """Tell the topic that it will be told."""
    if "SnsDestination" in wanted:
        await publishing.publish(call.services, call.account, wanted["SnsDestination"]["TopicArn"], VALIDATED)


V2: Mapping[str, Handler] = {
    "CreateConfigurationSetEventDestination": create,
    "DeleteConfigurationSetEventDestination": delete,
    "GetConfigurationSetEventDestinations": listed,
    "UpdateConfigurationSetEventDestination": update,
}
V1: Mapping[str, Handler] = {
    "CreateConfigurationSetEventDestination": create,
    "DeleteConfigurationSetEventDestination": delete,
    "UpdateConfigurationSetEventDestination": update,
}
