"""What the service makes of a message before it hands it over: one copy for each recipient, signed for its domain."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.auth_results import Publish
from sandbox.core.delivered_copy import Advice, DeliveredCopy, without
from sandbox.core.dkim import SigningKey, signed
from sandbox.core.model import MessageRecord, Resource
from sandbox.core.raw_fields import RawField, join, split, with_crlf
from sandbox.core.services import Services
from sandbox.providers.ibm import regions, signing_keys
from sandbox.providers.ibm.attachments import without_attachments
from sandbox.providers.ibm.dialects import POSTFIX
from sandbox.providers.ibm.zones import spf_value

SIGNED = (
    "Date", "To", "Cc", "From", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Reply-To",
)  # fmt: skip
"""Fields that the signature covers; From once more than the message has it, so that nobody can add one unnoticed."""
AUTHORS = 10
REMOVED = frozenset({b"bcc", b"resent-bcc", b"return-path", b""})
_CONTROL = re.compile(r"[^\x21-\x7e]")


async def delivered(
    services: Services, section: Any, account: Account, message: MessageRecord, raw: bytes, recipient: str
) -> DeliveredCopy:
    """The copy of one recipient; the same message, key and recipient always give the same octets."""
    config = await _configuration(services, account, message)
    key = await signing_keys.signing_key(services, config) if config else None
    host = regions.smtp_host(section.region)
    server = f"{host} (Postfix)" if section.dialect == POSTFIX else host
    octets = await asyncio.to_thread(_make, message, raw, recipient, server, key)
    return DeliveredCopy(
        octets=octets,
        recipient=recipient,
        return_path=message.envelope.mail_from,
        helo=host,
        at=message.accepted,
        advice=await _advice(services, section, message, config),
    )


async def _configuration(services: Services, account: Account, message: MessageRecord) -> Resource | None:
    """The configuration that a message was sent through; by its sender's domain where nobody logged in."""
    store = services.store.resources
    known = await store.get(account.id, "ibm", "smtp-config", str(message.attributes.get("smtp_config_id", "")))
    domain = message.envelope.mail_from.rpartition("@")[2].lower()
    return known or await store.find(account.id, "ibm", "smtp-config", domain)


async def _advice(services: Services, section: Any, message: MessageRecord, config: Resource | None) -> Advice:
    domain = message.envelope.mail_from.rpartition("@")[2].lower()
    if config is None:
        return Advice(unsigned=f"{domain or 'the sender'} has no SMTP configuration: create one and verify it")
    name = signing_keys.record_name(config).lower()
    record = Publish(name=name, type="TXT", value=await signing_keys.record_value(services, config))
    return Advice(keys={name: record}, spf=(Publish(name=domain, type="TXT", value=spf_value(section.region)),))


def _make(message: MessageRecord, raw: bytes, recipient: str, server: str, key: SigningKey | None) -> bytes:
    octets = with_crlf(raw)
    if message.attributes.get("dropped_attachments"):
        octets = without_attachments(octets)
    parts = split(octets)
    fields = [_received(message, recipient, server), *_completed(message, without(parts.fields, REMOVED))]
    lines = signed(fields, parts.body, [key], _signed_names(fields)) if key else fields
    return join([_line("Return-Path", f"<{message.envelope.mail_from}>"), *lines], parts.body)


def _signed_names(fields: Sequence[RawField]) -> list[str]:
    count: Mapping[bytes, int] = {key: sum(one.key == key for one in fields) for key in {one.key for one in fields}}
    authors = min(count.get(b"from", 0), AUTHORS) + 1
    present = [name for name in SIGNED if name == "From" or name.lower().encode() in count]
    return [name for one in present for name in [one] * (authors if one == "From" else 1)]


def _completed(message: MessageRecord, fields: Sequence[RawField]) -> list[RawField]:
    """The fields with a Message-ID and a Date where they are missing."""
    found = [one for one in fields if one.key not in (b"message-id", b"date") or one.value.strip()]
    known = {one.key for one in found}
    if b"message-id" not in known:
        found.append(_line("Message-ID", f"<{message.message_id}>"))
    if b"date" not in known:
        found.append(_line("Date", _moment(message)))
    return found


def _received(message: MessageRecord, recipient: str, server: str) -> RawField:
    client = _CONTROL.sub("", message.envelope.client.rpartition(":")[0].strip("[]"))
    helo = _CONTROL.sub("", message.envelope.helo) or "unknown"
    return _line(
        "Received",
        f"from {helo} (unknown [{client}])\r\n\tby {server} with ESMTPSA id {message.envelope_id}\r\n"
        f"\tfor <{_CONTROL.sub('', recipient)}>; {_moment(message)}",
    )


def _moment(message: MessageRecord) -> str:
    return format_datetime(datetime.fromtimestamp(int(message.accepted), UTC))


def _line(name: str, value: str) -> RawField:
    return RawField(name.encode(), f"{name}: {value}\r\n".encode())
