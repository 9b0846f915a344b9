"""What a topic or a function is told of a message that arrived.

Source: the developer guide, "Contents of notifications for Amazon SES email receiving", and its examples.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.core import headers
from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.headers import HeaderBlock

SUBJECT = "Amazon SES Email Receipt Notification"
HEADER_OCTETS = 10_240
"""Octets of headers that a notification has at the most."""
HEADER_BLOCK = 1_048_576
_LISTS = {"From": "from", "To": "to", "Cc": "cc", "Bcc": "bcc", "Reply-To": "replyTo"}
_SINGLE = {"Sender": "sender", "Date": "date", "Message-ID": "messageId", "Subject": "subject"}
_MAILBOX = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^<>]*>|[^,"<>]+|["<>])+')


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A message that arrived, as the rules see it."""

    message_id: str
    """The id that the service gave it: also the name of its object in a bucket."""
    message: str
    """The sandbox's id."""
    source: str
    """The envelope's reverse-path."""
    recipients: Sequence[str]
    at: float
    """Moment of the arrival, Unix seconds."""
    verdicts: Mapping[str, str]
    raw: bytes = field(repr=False)
    """The octets with the trace fields in front, and whatever rules added so far."""


def receipt(arrived: Arrived, recipients: Sequence[str], action: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The `receipt` object: verdicts, the recipients that the rule met, and the action that is performed."""
    words = arrived.verdicts
    found: dict[str, Any] = {
        "timestamp": to_iso(arrived.at),
        "processingTimeMillis": max(1, round((now - arrived.at) * 1000)),
        "recipients": list(recipients),
    }
    found |= {f"{name}Verdict": {"status": words[name]} for name in ("spam", "virus", "spf", "dkim", "dmarc")}
    if "dmarcPolicy" in words:
        found["dmarcPolicy"] = words["dmarcPolicy"] or "none"
    return {**found, "action": dict(action)}


def mail(arrived: Arrived) -> dict[str, Any]:
    """The `mail` object: envelope and headers, cut when they are long."""
    try:
        block = headers.split(arrived.raw, HEADER_BLOCK)
    except Refusal:  # nothing gets this far without a header block
        block = HeaderBlock([], 0)
    shown, cut = _shown(block)
    return {
        "timestamp": to_iso(arrived.at),
        "source": arrived.source,
        "messageId": arrived.message_id,
        "destination": list(arrived.recipients),
        "headersTruncated": cut,
        "headers": shown,
        "commonHeaders": common(arrived, block),
    }


def _shown(block: HeaderBlock) -> tuple[list[dict[str, str]], bool]:
    shown: list[dict[str, str]] = []
    octets = 0
    for one in block:
        octets += len(one.name) + len(one.value.encode()) + 4
        if octets > HEADER_OCTETS:
            return shown, True
        shown.append({"name": one.name, "value": one.value.strip()})
    return shown, False


def common(arrived: Arrived, block: HeaderBlock) -> dict[str, Any]:
    """The `commonHeaders` object; fields that the message lacks are left out."""
    found: dict[str, Any] = {"returnPath": arrived.source}
    for name, key in _LISTS.items():
        values = [one for value in block.all(name) for one in mailboxes(value)]
        found |= {key: values} if values else {}
    for name, key in _SINGLE.items():
        if value := block.decoded(name).strip():
            found[key] = value
    return found


def mailboxes(value: str) -> list[str]:
    """The mailboxes of an address field as written, decoded."""
    return [text for one in _MAILBOX.findall(value) if (text := headers.decode_words(one.strip()))]


def notification(
    arrived: Arrived, recipients: Sequence[str], action: Mapping[str, Any], now: float, content: str | None = None
) -> dict[str, Any]:
    """What is published to a topic; `content` only by the SNS action."""
    found = {
        "notificationType": "Received",
        "mail": mail(arrived),
        "receipt": receipt(arrived, recipients, action, now),
    }
    return found if content is None else {**found, "content": content}


def content(arrived: Arrived, encoding: str) -> str:
    """The whole message as the SNS action publishes it: as text, or in base64."""
    if encoding.upper() == "BASE64":
        return b64encode(arrived.raw).decode()
    return arrived.raw.decode("utf-8", "replace")


def function_event(
    arrived: Arrived, recipients: Sequence[str], action: Mapping[str, Any], now: float
) -> dict[str, Any]:
    """What a function is called with: no content, only what is known about the message."""
    told = {"mail": mail(arrived), "receipt": receipt(arrived, recipients, action, now)}
    return {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": told}]}
