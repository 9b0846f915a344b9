"""What the service makes of a message before it hands it over: one copy for each recipient, signed twice."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from base64 import b32encode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.auth_results import Publish
from sandbox.core.clock import parse_instant
from sandbox.core.delivered_copy import Advice, DeliveredCopy, renamed, without
from sandbox.core.dkim import SigningKey, signed
from sandbox.core.model import MessageRecord, Resource
from sandbox.core.raw_fields import RawField, RawMessage, join, split, with_crlf
from sandbox.core.services import Services
from sandbox.core.verdicts import author_domains
from sandbox.providers.oci import lifecycle, regions
from sandbox.providers.oci.service_key import service_key
from sandbox.providers.oci.unsubscribe import address_of
from sandbox.wire.secret import secret_of

SIGNED = (
    "Date", "To", "From", "Subject", "Message-Id", "MIME-Version", "Sender", "List-Unsubscribe",
    "List-Unsubscribe-Post",
)  # fmt: skip
"""Fields that both signatures cover; From once more than the message has it, so that nobody can add one unnoticed."""
AUTHORS = 10
"""From fields that are covered at the most; a message has one."""
RENAMED: Mapping[bytes, bytes] = {
    name.lower(): name
    for name in (
        b"Message-id", b"MIME-version", b"Content-type", b"Content-transfer-encoding", b"Content-language",
        b"Content-disposition", b"Content-id", b"Content-description", b"In-reply-to", b"Reply-to",
    )
}  # fmt: skip
"""How the service's mail server spells field names."""
REMOVED = frozenset({b"bcc", b"resent-bcc", b"return-path", b""})
"""Fields that no recipient gets to see; without a name: lines that are no field."""
UNSUBSCRIBE = frozenset({b"list-unsubscribe", b"list-unsubscribe-post"})
SERVER = "Oracle Communications Messaging Server 8.1.0.1.20240730 64bit (built Jul 30 2024)"
META_OCTETS, META_LINE = 288, 64
_HTTPS = re.compile(rb"<\s*https://", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Everything that a copy is made from, so that the making needs no look-up."""

    message: MessageRecord
    recipient: str
    region: str
    return_host: str
    keys: tuple[SigningKey, ...]
    """The service's, then the customer's if there is one."""
    advice: Advice
    secret: bytes = field(repr=False)
    unsubscribe: str

    def mark(self, purpose: str) -> bytes:
        """Octets that look random and are the same for the same recipient of the same message."""
        text = f"{purpose}/{self.message.account}/{self.message.id}/{self.recipient}"
        return hmac.digest(self.secret, text.encode(), "sha256")


async def delivered(
    services: Services, section: Any, account: Account, message: MessageRecord, raw: bytes, recipient: str
) -> DeliveredCopy:
    """The copy of one recipient; the same message, keys and recipient always give the same octets."""
    region = regions.name(section.region)
    secret = await secret_of(services, "oci")
    parts, author = await asyncio.to_thread(_read, raw)
    await lifecycle.settle(services, account)
    own = [one for one in await _of(services, account, "dkim") if str(one.data.get("domainName", "")).lower() == author]
    active = [one for one in own if _active(one, message.accepted)]
    host, spf = await _return_host(services, account, author, region, message.accepted)
    plan = _Plan(
        message=message,
        recipient=_CONTROL.sub("", recipient),
        region=region,
        return_host=host,
        keys=(await service_key(services, account, region), *(_signing_key(one) for one in active[-1:])),
        advice=Advice(keys=_wanted(own), unsigned="" if active else _unsigned(author, own), spf=spf),
        secret=secret.encode(),
        unsubscribe=address_of(services, secret, message, recipient),
    )
    return await asyncio.to_thread(_make, plan, parts)


def _read(raw: bytes) -> tuple[RawMessage, str]:
    """The message taken apart, and the domain of its header From; empty when it names none."""
    parts = split(with_crlf(raw))
    return parts, next(iter(author_domains(parts)), "")


async def _of(services: Services, account: Account, kind: str) -> list[Resource]:
    return await services.store.resources.all(account.id, "oci", kind)


def _active(resource: Resource, at: float) -> bool:
    """Whether a resource was in force at a moment; what came later changes nothing for old messages."""
    since, until = resource.data.get("timeActivated"), resource.data.get("timeUpdated")
    if resource.data.get("lifecycleState") == "ACTIVE":
        return (_seconds(since) if since else resource.created) <= at + 1e-3
    return bool(since and until) and _seconds(since) <= at + 1e-3 and at < _seconds(until)


def _seconds(instant: str | None) -> float:
    return parse_instant(instant).timestamp() if instant else 0.0


def _signing_key(resource: Resource) -> SigningKey:
    data = resource.data
    return SigningKey(domain=data["domainName"], selector=data["name"], private_key=data["privateKey"])


async def _return_host(
    services: Services, account: Account, author: str, region: str, at: float
) -> tuple[str, tuple[Publish, ...]]:
    """The domain of the return path: the customer's own below the author's domain, else the service's."""
    service = regions.return_path_host(region)
    for one in await _of(services, account, "return-path"):
        name = str(one.data.get("name", "")).lower().rstrip(".")
        if author and name.endswith("." + author) and _active(one, at):
            return name, (Publish(name=name, type="CNAME", value=service),)
    return service, ()


def _wanted(own: Sequence[Resource]) -> dict[str, Publish]:
    """The records that the customer is asked to publish for its DKIM keys."""
    found: dict[str, Publish] = {}
    for one in own:
        name = str(one.data.get("dnsSubdomainName", "")).lower().rstrip(".")
        if name and one.data.get("lifecycleState") not in ("DELETED", "DELETING", "INACTIVE"):
            found[name] = Publish(name=name, type="CNAME", value=str(one.data["cnameRecordValue"]))
    return found


def _unsigned(author: str, own: Sequence[Resource]) -> str:
    if not own:
        return f"{author or 'the sender'} has no DKIM: add the email domain, create a DKIM for it, publish its CNAME"
    states = ", ".join(f"{one.data['name']} is {one.data['lifecycleState']}" for one in own)
    return f"{author} did not sign: {states}; the message was accepted without an active DKIM"


def _make(plan: _Plan, parts: RawMessage) -> DeliveredCopy:
    fields = [_received(plan), *renamed(_completed(plan, without(parts.fields, REMOVED)), RENAMED), _meta(plan)]
    octets = join([_return_path(plan), *signed(fields, parts.body, plan.keys, _signed_names(fields))], parts.body)
    return DeliveredCopy(
        octets=octets,
        recipient=plan.recipient,
        return_path=_reverse_path(plan),
        helo=_host(plan),
        at=plan.message.accepted,
        advice=plan.advice,
    )


def _signed_names(fields: Sequence[RawField]) -> list[str]:
    authors = min(sum(one.key == b"from" for one in fields), AUTHORS) + 1
    return [name for one in SIGNED for name in [one] * (authors if one == "From" else 1)]


def _completed(plan: _Plan, fields: Sequence[RawField]) -> list[RawField]:
    """The message's fields with those that the service adds when they are missing."""
    found = [one for one in fields if one.key not in (b"message-id", b"date") or one.value.strip()]
    known = {one.key for one in found}
    if b"message-id" not in known:
        found.append(_line("Message-id", f"<{plan.message.message_id}>"))
    if b"date" not in known:
        found.append(_line("Date", format_datetime(_moment(plan))))
    if any(one.key == b"list-unsubscribe" and _HTTPS.search(one.value) for one in found):
        return found
    return [
        *without(found, UNSUBSCRIBE),
        _line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        _line("List-Unsubscribe", f"<{plan.unsubscribe}>"),
    ]


def _line(name: str, value: str) -> RawField:
    return RawField(name.encode(), f"{name}: {value}\r\n".encode())


def _moment(plan: _Plan) -> datetime:
    return datetime.fromtimestamp(int(plan.message.accepted), UTC)


def _host(plan: _Plan) -> str:
    key = regions.label(plan.region).removesuffix("1")
    return f"omta-ad1-fd2-401-{plan.region}.omtaad1.vcndp{key}.oraclevcn.com"


def _received(plan: _Plan) -> RawField:
    queue = "0S" + b32encode(plan.mark("queue"))[:12].decode()
    host = _host(plan)
    return _line(
        "Received",
        f"by {host}\r\n ({SERVER})\r\n with ESMTPS id <{queue}@{host}>\r\n"
        f" for {plan.recipient}; {format_datetime(_moment(plan))} (GMT)",
    )


def _reverse_path(plan: _Plan) -> str:
    """Unique for each recipient, so that bounces find their message; the null sender stays null."""
    if not plan.message.envelope.mail_from:
        return ""
    return f"{b32encode(plan.mark('return-path'))[:24].decode().lower()}@{plan.return_host}"


def _return_path(plan: _Plan) -> RawField:
    return _line("Return-Path", f"<{_reverse_path(plan)}>")


def _meta(plan: _Plan) -> RawField:
    """Tracking data that only the service can read."""
    text = b64encode(hashlib.shake_256(plan.mark("meta")).digest(META_OCTETS)).decode()
    lines = [text[at : at + META_LINE] for at in range(0, len(text), META_LINE)]
    return _line("Reporting-Meta", "\r\n ".join(lines))
