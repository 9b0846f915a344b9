"""Hands an event to one destination, in the form that the destination's service gives it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.postings import Posting
from sandbox.core.services import Services
from sandbox.providers.ses.events.destinations import target
from sandbox.providers.ses.events.kinds import Kind
from sandbox.providers.ses.owner import owner
from sandbox.providers.ses.sns import publishing

SUBJECT = "Amazon SES Email Event Notification"


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """An event on its way."""

    services: Services
    section: Any
    account: Account
    kind: Kind
    body: Mapping[str, Any]
    about: tuple[str | None, str | None]
    """The sandbox's message and recipient, for the log of callbacks."""


async def hand_over(parcel: Parcel, destination: Mapping[str, Any]) -> None:
    """Tell one destination; those that nobody listens to only stand in the log of events."""
    if "SnsDestination" in destination:
        await publishing.publish(
            parcel.services,
            parcel.account,
            target(destination),
            text_of(parcel.body),
            subject=SUBJECT,
            about=parcel.about,
        )
    elif "EventBridgeDestination" in destination:
        _post(parcel, destination, await bridge(parcel), {})
    elif "KinesisFirehoseDestination" in destination:
        request = parcel.account.ids.uuid()
        headers = {
            "X-Amz-Firehose-Protocol-Version": "1.0",
            "X-Amz-Firehose-Request-Id": request,
            "X-Amz-Firehose-Source-Arn": target(destination),
        }
        _post(parcel, destination, stream(parcel, request), headers)


async def bridge(parcel: Parcel) -> dict[str, Any]:
    """The event as EventBridge has it."""
    now = datetime.fromtimestamp(parcel.account.clock.now(), UTC)
    who = await owner(parcel.services, parcel.account)
    tags = parcel.body["mail"].get("tags", {})
    used = tags.get("ses:configuration-set", [])
    return {
        "version": "0",
        "id": parcel.account.ids.uuid(),
        "detail-type": parcel.kind.bridge,
        "source": "aws.ses",
        "account": who.number,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": who.region,
        "resources": [who.arn(f"configuration-set/{name}") for name in used],
        "detail": dict(parcel.body),
    }


def stream(parcel: Parcel, request: str) -> dict[str, Any]:
    """The event as a Firehose stream with an HTTP endpoint sends it: one record, with a line end behind it."""
    record = text_of(parcel.body) + "\n"
    return {
        "requestId": request,
        "timestamp": int(parcel.account.clock.now() * 1000),
        "records": [{"data": base64.b64encode(record.encode()).decode("ascii")}],
    }


def text_of(body: Mapping[str, Any]) -> str:
    """An event as JSON; what a client wrote that is no character becomes a question mark."""
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace").decode()


def _post(parcel: Parcel, destination: Mapping[str, Any], body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Post to whoever the settings name for the destination's ARN, by the ARN or by its last part."""
    arn = target(destination)
    for row in parcel.section.event_targets:
        if row["arn"] in (arn, arn.rpartition("/")[2]):
            parcel.services.courier.send(
                Posting(
                    url=row["endpoint"],
                    headers={"Content-Type": "application/json", **headers},
                    body=text_of(body).encode(),
                    account=parcel.account.id,
                    kind=parcel.kind.name,
                    message=parcel.about[0],
                    recipient=parcel.about[1],
                )
            )
