"""The records of the logs outboundaccepted and outboundrelayed, in the shape that the Logging service gives them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.core.clock import to_iso
from sandbox.providers.oci.occurrences import Occurrence

TYPE = "com.oraclecloud.emaildelivery.emaildomain."
CATEGORIES = ("outboundaccepted", "outboundrelayed")
ERROR_TYPES: Mapping[str, str] = {
    "sender-not-authorized": "Authorization failure",
    "header-sender-not-authorized": "Authorization failure",
    "invalid-address": "Invalid Recipient",
    "per-day": "Daily Limit reached",
    "per-minute": "Sender Rate Limit reached",
    "byte-limit": "Byte limit exceeded",
    "too-large": "Byte limit exceeded",
    "parse-error": "Message parsing error",
    "unparsable": "Message parsing error",
}
"""End of a catalog id → the log's word for it; other refusals are not logged."""
ACTIONS: Mapping[str, str] = {
    "delivered": "relay",
    "blackholed": "relay",
    "hard_bounced": "bounce",
    "soft_bounced": "bounce",
    "complained": "complaint",
    "opened": "open",
    "clicked": "click",
    "unsubscribed": "unsubscribe",
}
"""What happened → the action of the log outboundrelayed."""
_BOUNCE_TYPES = {"hard_bounced": "hard", "soft_bounced": "soft"}
_CATEGORY: Mapping[str, str] = {
    "1.1": "bad-mailbox", "1.2": "bad-domain", "1.10": "bad-domain", "2.1": "inactive-mailbox", "2.2": "quota-issues",
    "4.1": "no-answer-from-host", "4.4": "routing-errors", "4.7": "message-expired", "7.1": "policy-related",
}  # fmt: skip
"""Enhanced status code without its class (RFC 3463) → category of a bounce."""
_CODE = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_NAMESPACE = uuid.UUID("6f5c2c1e-6b0e-4a55-9d0e-0c1f54d4b0f1")


def record(
    one: Occurrence, *, headers: Mapping[str, str], tenancy: str, compartment: str, place: Mapping[str, str]
) -> dict[str, Any] | None:
    """The log record of an occurrence; None for what no log tells. `place` has the identifiers of the log."""
    accepted = _accepted(one) if one.what in ("accepted", "refused", "suppressed") else None
    data = accepted or _relayed(one)
    if data is None:
        return None
    if headers and data["action"] != "unsubscribe":
        data["headers"] = dict(headers)
    category = CATEGORIES[0] if accepted else CATEGORIES[1]
    return {
        "datetime": int(one.at * 1000),
        "logContent": {
            "id": str(uuid.uuid5(_NAMESPACE, f"{one.id}/{one.recipient}")),
            "source": one.domain,
            "specversion": "1.0",
            "subject": "",
            "time": to_iso(one.at),
            "type": TYPE + category,
            "oracle": {
                "compartmentid": one.compartment or compartment,
                "ingestedtime": to_iso(one.at),
                **place,
                "tenantid": tenancy,
            },
            "data": {name: value for name, value in data.items() if value not in (None, "")},
        },
    }


def _about(one: Occurrence) -> dict[str, Any]:
    message = one.message
    return {
        "recipient": one.recipient,
        "sender": one.sender,
        "senderId": one.sender_id,
        "senderCompartmentId": one.compartment,
        "messageId": message.message_id if message else None,
        "envelopeId": message.envelope_id if message else None,
        "principalId": message.envelope.user if message else None,
        "length": message.size if message else None,
    }


def _accepted(one: Occurrence) -> dict[str, Any] | None:
    """What the client was told about a recipient; None for a refusal that is not about a message."""
    data = {"action": "accept", **_about(one), "dkimSelector": one.selector}
    if one.what == "accepted":
        return {**data, "smtpStatus": f"250 2.1.5 {one.recipient} and options Ok"}
    if one.what == "suppressed":
        status = f"254 4.7.1 Suppression for user {data['principalId']} to {one.recipient}"
        return {**data, "errorType": "Recipient suppressed", "smtpStatus": status}
    error = ERROR_TYPES.get(str(one.data.get("error", "")).rpartition(".")[2])
    if error is None:
        return None
    code = "".join(str(one.data["error"]).split(".")[2:3])
    return {**data, "errorType": error, "smtpStatus": f"{code} {one.data.get('text', '')}"}


def _relayed(one: Occurrence) -> dict[str, Any] | None:
    """What became of a recipient after acceptance."""
    action = ACTIONS.get(one.what)
    if action is None:
        return None
    domain = one.recipient.rpartition("@")[2]
    detail = str(one.data.get("detail", ""))
    data = {"action": action, **_about(one)}
    if action in ("open", "click", "unsubscribe"):
        return {**data, "recipientIp": "192.0.2.1", "userAgent": str(one.data.get("user_agent", ""))}
    data |= {"receivingDomain": domain, "recipientMailServer": f"{one.data.get('mta') or 'mx.' + domain} (192.0.2.25)"}
    if action == "complaint":
        return {**data, "reportGeneratedTime": to_iso(one.at)}
    spent = int(1000 * (one.at - one.message.accepted)) if one.message else 0
    data |= {"smtpStatus": detail, "internalProcessingDurationInMs": max(0, spent)}
    return {**data, **_bounce(one, detail)} if action == "bounce" else data


def _bounce(one: Occurrence, detail: str) -> dict[str, Any]:
    code = _CODE.search(detail)
    return {
        "errorType": _BOUNCE_TYPES[one.what],
        "bounceCode": code[0] if code else None,
        "bounceCategory": _CATEGORY.get(code[0].partition(".")[2], "other") if code else "other",
        "message": detail,
        "reportGeneratedTime": to_iso(one.at),
    }
