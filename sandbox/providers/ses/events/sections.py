"""What stands beside `mail` in an event: `bounce`, `delivery`, `complaint` and the others, as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.core.clock import to_iso
from sandbox.core.model import Event, MessageRecord
from sandbox.providers.ses import simulator
from sandbox.providers.ses.events import replies
from sandbox.providers.ses.suppressing import TENANT_LISTED, UNSUBSCRIBED

_NOT_SENT = "Amazon SES did not send the message to this address because "
_HELD_BACK: Mapping[str, tuple[str, str]] = {
    UNSUBSCRIBED: ("UnsubscribedRecipient", _NOT_SENT + "the contact has unsubscribed from {list}."),
    TENANT_LISTED: ("OnTenantSuppressionList", _NOT_SENT + "it is on the suppression list for your tenant."),
}
"""Why a recipient is held back → the subtype of its bounce, and the diagnostic code."""
_LISTED = (
    "OnAccountSuppressionList",
    _NOT_SENT + "it is on the suppression list for your account. For more information about removing addresses from the"
    " suppression list, see the Amazon SES Developer Guide at"
    " https://docs.aws.amazon.com/ses/latest/DeveloperGuide/sending-email-suppression-list.html",
)
"""The same for recipients on the account's list."""
RETRIES = 50_400.0
"""Seconds for which the service goes on trying."""

Section = dict[str, Any]
Make = Callable[[Sequence[Event], MessageRecord, str, str], Section]
"""(core events of one moment, the message, feedback id, sending host) → the section."""


def send(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:  # noqa: ARG001
    """The message was taken."""
    return {}


def delivery(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:  # noqa: ARG001
    """The recipient's server took the message."""
    first = events[0]
    return {
        "timestamp": to_iso(first.at),
        "processingTimeMillis": max(0, round((first.at - message.accepted) * 1000)),
        "recipients": _recipients(events),
        "smtpResponse": str(first.data.get("detail") or "250 2.0.0 OK"),
        "reportingMTA": host,
    }


def bounce(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:
    """The recipient's server refused the message for good, or the service did not try."""
    first = events[0]
    kind = kind_of(first, message)
    tried = first.type != "recipient.suppressed" and kind.subtype != "Suppressed"
    return {
        "feedbackId": feedback,
        "bounceType": kind.type,
        "bounceSubType": kind.subtype,
        "bouncedRecipients": [_bounced(event, message) for event in events],
        "timestamp": to_iso(first.at),
        "reportingMTA": f"dns; {host if tried else 'amazonses.com'}",
    }


def kind_of(event: Event, message: MessageRecord) -> replies.Bounce:
    """What kind of bounce an event of the core is."""
    if event.type == "recipient.suppressed":
        return replies.Bounce(type="Permanent", subtype=_held_back(event, message)[0])
    if simulator.kind(event.recipient or "") == "suppressionlist":
        return replies.Bounce(type="Permanent", subtype="Suppressed")
    return replies.bounce(str(event.data.get("detail", "")), given_up=event.type == "recipient.soft_bounced")


def _held_back(event: Event, message: MessageRecord) -> tuple[str, str]:
    """Subtype and diagnostic code of a recipient that the service did not try."""
    why = (message.attributes.get("suppressed") or {}).get(event.recipient)
    return _HELD_BACK.get(str(why), _LISTED)


def _bounced(event: Event, message: MessageRecord) -> dict[str, str]:
    reply = str(event.data.get("detail", ""))
    if event.type == "recipient.suppressed":
        diagnostic = _held_back(event, message)[1].format(list=message.attributes.get("list"))
    elif simulator.kind(event.recipient or "") == "suppressionlist":
        diagnostic = simulator.SUPPRESSED
    else:
        diagnostic = f"smtp; {reply}"
    return {
        "emailAddress": event.recipient or "",
        "action": "failed",
        "status": replies.status(reply, "5.1.1"),
        "diagnosticCode": diagnostic,
    }


def complaint(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:  # noqa: ARG001
    """The recipient called the message spam."""
    first = events[0]
    agent = "Amazon SES Mailbox Simulator" if simulator.kind(first.recipient or "") else "Amazon SES"
    return {
        "feedbackId": feedback,
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": address} for address in _recipients(events)],
        "timestamp": to_iso(first.at),
        "userAgent": str(first.data.get("user_agent") or agent),
        "complaintFeedbackType": str(first.data.get("feedback_type") or "abuse"),
        "arrivalDate": to_iso(first.at),
    }


def delivery_delay(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:  # noqa: ARG001
    """The recipient's server refused the message for now."""
    first = events[0]
    reply = str(first.data.get("detail", ""))
    return {
        "timestamp": to_iso(first.at),
        "delayType": replies.delay(reply),
        "expirationTime": to_iso(message.accepted + RETRIES),
        "delayedRecipients": [
            {
                "emailAddress": event.recipient or "",
                "status": replies.status(str(event.data.get("detail", "")), "4.4.7"),
                "diagnosticCode": f"smtp; {event.data.get('detail', '')}",
            }
            for event in events
        ],
    }


def opened(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:  # noqa: ARG001
    """The recipient's program loaded the picture."""
    data = events[0].data
    return {
        "ipAddress": str(data.get("ip_address") or "127.0.0.1"),
        "timestamp": to_iso(events[0].at),
        "userAgent": str(data.get("user_agent") or "email-sandbox"),
    }


def click(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:
    """The recipient followed a link."""
    data = events[0].data
    link_tags = data.get("link_tags")
    return {
        **opened(events, message, feedback, host),
        "link": str(data.get("link") or ""),
        "linkTags": dict(link_tags) if isinstance(link_tags, Mapping) else None,
    }


def reject(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:  # noqa: ARG001
    """The service took the message and found something bad in it."""
    return {"reason": str(events[0].data.get("reason") or "Bad content")}


def subscription(events: Sequence[Event], message: MessageRecord, feedback: str, host: str) -> Section:  # noqa: ARG001
    """A contact changed what it wants."""
    story = events[0].data.get("subscription")
    return {**(story if isinstance(story, Mapping) else {}), "timestamp": to_iso(events[0].at)}


def _recipients(events: Sequence[Event]) -> list[str]:
    return [event.recipient or "" for event in events]


MAKERS: Mapping[str, tuple[str, Make]] = {
    "message.accepted": ("Send", send),
    "recipient.delivered": ("Delivery", delivery),
    "recipient.blackholed": ("Delivery", delivery),
    "recipient.hard_bounced": ("Bounce", bounce),
    "recipient.soft_bounced": ("Bounce", bounce),
    "recipient.suppressed": ("Bounce", bounce),
    "recipient.deferred": ("DeliveryDelay", delivery_delay),
    "recipient.complained": ("Complaint", complaint),
    "recipient.opened": ("Open", opened),
    "recipient.clicked": ("Click", click),
    "message.rejected": ("Reject", reject),
    "recipient.unsubscribed": ("Subscription", subscription),
}
"""Type of an event of the core → the kind of event it is to SES, and its details."""
