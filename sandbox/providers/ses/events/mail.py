"""The `mail` object of an event: the message that it is about, as the sender handed it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.core import headers
from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Channel, MessageRecord

HEADERS = 10_240
"""Octets of headers that an event has room for."""
_BLOCK = 1_048_576
_LISTS = {"from": "from", "to": "to", "cc": "cc", "bcc": "bcc", "reply-to": "replyTo", "sender": "sender"}
_TEXTS = {"return-path": "returnPath", "date": "date", "message-id": "messageId", "subject": "subject"}


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Whose message it is, as events name them."""

    account: str
    """The 12 digits of the account."""
    source_arn: str
    """The identity that was used."""
    caller: str
    """The user's name."""


def mail(message: MessageRecord, raw: bytes, sender: Sender, *, with_headers: bool = True) -> dict[str, Any]:
    """The object as event publishing has it, without tags."""
    found: dict[str, Any] = {
        "timestamp": to_iso(message.accepted),
        "source": source(message),
        "sourceArn": sender.source_arn,
        "sendingAccountId": sender.account,
        "messageId": message.envelope_id,
        "destination": list(message.envelope.rcpt_to),
        "headersTruncated": False,
    }
    if with_headers:
        found.update(_headers(_arrival(message) + raw, message.envelope_id))
    return found


def _arrival(message: MessageRecord) -> bytes:
    """The field that the SMTP endpoint puts on top of what it takes; nothing for other ways in."""
    if message.channel is not Channel.SMTP:
        return b""
    envelope, moment = message.envelope, datetime.fromtimestamp(message.accepted, UTC)
    ip = envelope.client.rpartition(":")[0].strip("[]")
    helo = envelope.helo or "localhost"
    field = (
        f"Received: from {helo} ([{ip}]) by email-smtp.amazonaws.com with SMTP (SimpleEmailService-d-EMAILSAND)"
        f" id {message.session[:20]} for {envelope.rcpt_to[0]}; {format_datetime(moment)} (UTC)\r\n"
    )
    return field.encode("utf-8", "replace")


def notification_mail(message: MessageRecord, raw: bytes, sender: Sender, *, with_headers: bool) -> dict[str, Any]:
    """The object as the notifications of an identity have it: no tags, headers only when the identity wants them."""
    plain = mail(message, raw, sender, with_headers=with_headers)
    if not with_headers:
        del plain["headersTruncated"]
    source_ip = str(message.attributes.get("source_ip") or message.envelope.client.rpartition(":")[0])
    return {**plain, "sourceIp": source_ip, "callerIdentity": sender.caller}


def source(message: MessageRecord) -> str:
    """Who sent it, as the client said."""
    given = message.attributes.get("source")
    if given:
        return str(given)
    return message.envelope.mail_from or message.sender


def tags(message: MessageRecord, sender: Sender) -> dict[str, list[str]]:
    """The service's own tags, then those of the sender."""
    attributes = message.attributes
    default = "SendSmtpEmail" if message.channel is Channel.SMTP else "SendEmail"
    domain = headers.addresses(message.sender)[:1] or [message.envelope.mail_from]
    own = {
        "ses:operation": attributes.get("operation") or default,
        "ses:configuration-set": attributes.get("configuration_set"),
        "ses:source-ip": attributes.get("source_ip") or message.envelope.client.rpartition(":")[0],
        "ses:from-domain": domain[0].rpartition("@")[2],
        "ses:caller-identity": sender.caller,
        "ses:tenant-name": attributes.get("tenant"),
    }
    given: Mapping[str, list[str]] = attributes.get("tags") or {}
    return {
        **{name: [str(value)] for name, value in own.items() if value},
        **{name: list(values) for name, values in given.items()},
    }


def _headers(raw: bytes, message_id: str) -> dict[str, Any]:
    try:
        block = headers.split(raw, _BLOCK)
    except Refusal:
        return {}
    room, kept = HEADERS, []
    for one in block:
        room -= len(one.name) + len(one.value.encode()) + 4
        if room < 0:
            break
        kept.append({"name": one.name, "value": one.value})
    return {
        "headersTruncated": room < 0,
        "headers": kept,
        "commonHeaders": {**_common(block), "messageId": block.first("message-id").strip() or message_id},
    }


def _common(block: headers.HeaderBlock) -> dict[str, Any]:
    lists = {shown: _people(block, name) for name, shown in _LISTS.items() if block.first(name)}
    texts = {shown: block.decoded(name) for name, shown in _TEXTS.items() if block.first(name)}
    return {**lists, **texts}


def _people(block: headers.HeaderBlock, name: str) -> list[str]:
    """Each person of an address field on their own, as written."""
    value = block.decoded(name)
    parts, start, quoted, angle = [], 0, False, False
    for at, letter in enumerate(value):
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "<>":
            angle = letter == "<"
        elif letter == "," and not quoted and not angle:
            parts.append(value[start:at].strip())
            start = at + 1
    return [part for part in (*parts, value[start:].strip()) if part]
