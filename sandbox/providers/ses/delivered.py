"""What the service makes of a message before it hands it over: headers rewritten, signed for customer and service."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.auth_results import Publish
from sandbox.core.delivered_copy import SENDING_ADDRESS, Advice, DeliveredCopy
from sandbox.core.dkim import Form, SigningKey, sign
from sandbox.core.headers import addresses
from sandbox.core.model import MessageRecord, Resource
from sandbox.core.raw_fields import RawField, join, split
from sandbox.core.services import Services
from sandbox.providers.ses import identity, keys, zones
from sandbox.providers.ses.identity import domain_of
from sandbox.providers.ses.ids import mail_domain, return_domain, sending_host
from sandbox.providers.ses.marking import marked

FORM = Form(
    tags=(
        "v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\r\n\ts={selector}; d={domain}; t={at};\r\n"
        "\th={names};\r\n\tbh={hash};\r\n\tb="
    ),
    body="simple",
)
SIGNED = ("From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Message-ID", "Date")
"""Fields that both signatures cover, those that the message has."""
REMOVED = frozenset({b"bcc", b"resent-bcc", b"return-path", b"message-id", b"date", b"bounces-to", b""})
"""Fields that no recipient gets to see, or gets with other values; without a name: lines that are no field."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Everything that a copy is made from, so that the making needs no look-up."""

    message: MessageRecord
    recipient: str
    region: str
    return_path: str
    own: SigningKey | None
    service: SigningKey
    feedback_id: str
    advice: Advice


async def delivered(
    services: Services, section: Any, account: Account, message: MessageRecord, raw: bytes, recipient: str
) -> DeliveredCopy:
    """The copy of one recipient; the same message, keys and recipient always give the same octets."""
    if "received" in message.attributes:  # it came from outside, and goes no further
        return DeliveredCopy(
            octets=raw,
            recipient=recipient,
            return_path=message.envelope.mail_from,
            helo=message.envelope.helo,
            at=message.accepted,
            address=message.attributes["received"]["at"],
        )
    octets = await marked(services, section, account, message, raw, recipient)
    plan = await _plan(services, section, account, message, recipient)
    return await asyncio.to_thread(_make, plan, octets)


async def _plan(services: Services, section: Any, account: Account, message: MessageRecord, recipient: str) -> _Plan:
    region, attributes = str(section.region), message.attributes
    domain = str(attributes.get("mail_from") or return_domain(region))
    author = next(iter(addresses(message.sender)), message.envelope.mail_from)
    service = await keys.private_key(services, account, keys.SERVICE)
    return _Plan(
        message=message,
        recipient=_CONTROL.sub("", recipient),
        region=region,
        return_path=f"{message.envelope_id}@{domain}" if message.envelope.mail_from else "",
        own=await _own_key(services, account, attributes.get("signer")),
        service=SigningKey(domain=zones.DOMAIN, selector=zones.selector(region), private_key=service),
        feedback_id=_feedback_id(account, region, author, attributes.get("tags") or {}),
        advice=await _advice(services, account, author, domain, region),
    )


async def _own_key(services: Services, account: Account, signing: Mapping[str, str] | None) -> SigningKey | None:
    """The key that signed when the message was accepted, as long as the identity still has it."""
    found = await identity.find(services, account, signing["identity"]) if signing else None
    if found is None or signing is None or signing["selector"] != _known_selector(found):
        return None
    dkim = found.data["dkim"]
    external = dkim["origin"] == "EXTERNAL"
    pem = str(dkim["private_key"]) if external else await keys.private_key(services, account, found.key)
    return SigningKey(domain=domain_of(found.key), selector=signing["selector"], private_key=pem)


def _known_selector(found: Resource) -> str:
    dkim = found.data["dkim"]
    return identity.selector_of(found) if dkim["tokens"] or dkim["origin"] == "EXTERNAL" else ""


def _feedback_id(account: Account, region: str, author: str, tags: Mapping[str, Sequence[str]]) -> str:
    first, second = (next(iter(tags.get(f"ses:feedback-id-{part}", ())), "") for part in "ab")
    mark = hashlib.sha256(f"{account.id}/{region}/{domain_of(author)}".encode()).digest()
    return f"{second}:{first}:1.{region}.{base64.b64encode(mark).decode()}:AmazonSES"


async def _advice(services: Services, account: Account, author: str, domain: str, region: str) -> Advice:
    """What the customer should publish, for the verdicts that the viewers show."""
    own = await identity.find(services, account, domain_of(author))
    records: dict[str, Publish] = {}
    if own is not None and own.data["dkim"]["origin"] != "EXTERNAL":
        for token in own.data["dkim"]["tokens"]:
            name = f"{token}._domainkey.{own.key}"
            records[name] = Publish(name=name, type="CNAME", value=f"{token}.{zones.HOSTED_ZONE}")
    spf: tuple[Publish, ...] = ()
    if domain != return_domain(region):
        spf = (Publish(name=domain, type="TXT", value="v=spf1 include:amazonses.com ~all"),)
    return Advice(keys=records, unsigned=_unsigned(author, own), spf=spf)


def _unsigned(author: str, own: Resource | None) -> str:
    domain = domain_of(author) or "the sender"
    if own is None:
        return f"only an address of {domain} is verified: verify the domain, and publish the CNAMEs of its Easy DKIM"
    return f"{domain} did not sign: its DKIM is {own.data['dkim']['status']}"


def _make(plan: _Plan, octets: bytes) -> DeliveredCopy:
    parts = split(octets)
    kept = [one for one in parts.fields if one.key not in REMOVED and not one.key.startswith(b"x-ses-")]
    at = int(plan.message.accepted)
    moment = datetime.fromtimestamp(at, UTC)
    fields = [
        _line("Date", format_datetime(moment)),
        *kept,
        _line("Message-ID", f"<{plan.message.envelope_id}@{mail_domain(plan.region)}>"),
        _line("Feedback-ID", plan.feedback_id),
        _line("X-SES-Outgoing", f"{moment:%Y.%m.%d}-{SENDING_ADDRESS}"),
    ]
    message = join(fields, parts.body)
    present = {one.key for one in fields}
    names = [name for name in SIGNED if name.lower().encode() in present]
    signatures = [sign(message, plan.service, [*names, "Feedback-ID"], indent=1, form=FORM, at=at)]
    if plan.own is not None:
        signatures.insert(0, sign(message, plan.own, names, indent=1, form=FORM, at=at))
    return DeliveredCopy(
        octets=join([_line("Return-Path", f"<{plan.return_path}>"), *signatures, *fields], parts.body),
        recipient=plan.recipient,
        return_path=plan.return_path,
        helo=sending_host(plan.region),
        at=plan.message.accepted,
        advice=plan.advice,
    )


def _line(name: str, value: str) -> RawField:
    return RawField(name.encode(), f"{name}: {value}\r\n".encode())
