"""The kinds of events, and what each is called where: in JSON, in both APIs, on EventBridge, as a metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of event."""

    name: str
    """`eventType`, and `notificationType` for those that identities tell of."""
    v2: str
    """In `MatchingEventTypes` of API v2."""
    v1: str = ""
    """The same of API v1; empty for those that it does not know."""
    section: str
    """The object beside `mail` that has the details."""
    bridge: str
    """`detail-type` on EventBridge."""
    topic: str = ""
    """The identity's notification topic that tells of it; empty when none does."""
    headers: bool = True
    """Whether `mail` has the headers of the message."""

    @property
    def metric(self) -> str:
        """Name of the CloudWatch metric in the namespace AWS/SES."""
        return self.name.replace(" ", "")


_ROWS = (
    Kind(name="Send", v2="SEND", v1="send", section="send", bridge="Email Sent"),
    Kind(name="Reject", v2="REJECT", v1="reject", section="reject", bridge="Email Rejected"),
    Kind(name="Bounce", v2="BOUNCE", v1="bounce", section="bounce", bridge="Email Bounced", topic="Bounce"),
    Kind(
        name="Complaint", v2="COMPLAINT", v1="complaint", section="complaint", bridge="Email Complaint Received",
        topic="Complaint",
    ),
    Kind(
        name="Delivery", v2="DELIVERY", v1="delivery", section="delivery", bridge="Email Delivered", topic="Delivery"
    ),
    Kind(name="Open", v2="OPEN", v1="open", section="open", bridge="Email Opened"),
    Kind(name="Click", v2="CLICK", v1="click", section="click", bridge="Email Clicked"),
    Kind(
        name="Rendering Failure", v2="RENDERING_FAILURE", v1="renderingFailure", section="failure",
        bridge="Email Rendering Failed", headers=False,
    ),
    Kind(
        name="DeliveryDelay", v2="DELIVERY_DELAY", section="deliveryDelay", bridge="Email Delivery Delayed",
        headers=False,
    ),
    Kind(name="Subscription", v2="SUBSCRIPTION", section="subscription", bridge="Email Subscribed"),
)  # fmt: skip
KINDS: Mapping[str, Kind] = {row.name: row for row in _ROWS}
V2_TO_V1: Mapping[str, str] = {row.v2: row.v1 for row in _ROWS if row.v1}
V1_TO_V2: Mapping[str, str] = {row.v1: row.v2 for row in _ROWS if row.v1}
