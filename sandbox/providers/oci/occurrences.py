"""What happened to each recipient, as logs and metrics count it: the event log, with messages beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import parse_instant
from sandbox.core.headers import addresses, split
from sandbox.core.model import Event, MessageRecord, Resource
from sandbox.core.services import Services
from sandbox.core.store.messages import SQLITE_VARIABLES, Clause

MOST = 50_000
"""Events that one question looks at, the newest."""
REFUSED, ACCEPTED = "attempt.refused", "message.accepted"
SUPPRESSED = "recipient.suppressed"
LATER = (
    SUPPRESSED, "recipient.delivered", "recipient.blackholed", "recipient.hard_bounced",
    "recipient.soft_bounced", "recipient.complained", "recipient.unsubscribed", "recipient.opened",
    "recipient.clicked",
)  # fmt: skip
TYPES = (REFUSED, ACCEPTED, *LATER)
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One thing that happened to one recipient."""

    id: int
    at: float
    what: str
    """`accepted`, `refused`, or the event's type without `recipient.`."""
    recipient: str
    sender: str
    """The first address of From, or the reverse-path."""
    sender_id: str
    compartment: str
    message: MessageRecord | None
    selector: str | None = None
    """Of the DKIM key that signed the message."""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The sandbox's id of the message; empty without one."""
        return self.message.id if self.message else ""

    @property
    def domain(self) -> str:
        """The domain that the mail was sent from."""
        return self.sender.rpartition("@")[2].lower()


async def between(services: Services, account: Account, start: float, end: float) -> list[Occurrence]:
    """What happened from `start` until before `end`, in order."""
    events = [
        event
        for event in await services.store.events.between(account.id, start, end, TYPES, MOST)
        if event.data.get("provider", "oci") == "oci"
    ]
    messages = await _messages(services, account, events)
    senders = await services.store.resources.all(account.id, "oci", "sender")
    approved = {row.key: row for row in senders}
    keys = await services.store.resources.all(account.id, "oci", "dkim")
    held_back = {(event.message, event.recipient, event.at) for event in events if event.type == SUPPRESSED}
    found = [one for event in events for one in _occurrences(event, messages.get(event.message or ""), approved, keys)]
    return [one for one in found if one.what != "accepted" or (one.name, one.recipient, one.at) not in held_back]


async def _messages(services: Services, account: Account, events: Sequence[Event]) -> dict[str, MessageRecord]:
    names = list(dict.fromkeys(event.message for event in events if event.message))
    found: dict[str, MessageRecord] = {}
    for start in range(0, len(names), SQLITE_VARIABLES):
        part = names[start : start + SQLITE_VARIABLES]
        clause = Clause(sql=f"m.id IN ({','.join('?' * len(part))})", params=tuple(part))
        page = await services.store.messages.page(account.id, clause, limit=len(part))
        found |= {message.id: message for message in page.items}
    return found


def _occurrences(
    event: Event, message: MessageRecord | None, approved: Mapping[str, Resource], keys: Sequence[Resource]
) -> list[Occurrence]:
    if event.type == REFUSED:
        named = _ADDRESS.search(str(event.data.get("text", "")))
        return [_one(event, "refused", "", named[0].rstrip(",.;") if named else "", None, approved, keys)]
    if message is None:
        return []
    sender = next(iter(addresses(message.sender)), message.envelope.mail_from)
    if event.type == ACCEPTED:
        return [_one(event, "accepted", one, sender, message, approved, keys) for one in message.envelope.rcpt_to]
    what = event.type.partition(".")[2]
    return [_one(event, what, event.recipient or "", sender, message, approved, keys)]


def _one(
    event: Event,
    what: str,
    recipient: str,
    sender: str,
    message: MessageRecord | None,
    approved: Mapping[str, Resource],
    keys: Sequence[Resource],
) -> Occurrence:
    domain = sender.rpartition("@")[2].lower()
    row = approved.get(sender.lower()) or approved.get("@" + domain)
    return Occurrence(
        id=event.id,
        at=event.at,
        what=what,
        recipient=recipient,
        sender=sender,
        sender_id=row.id if row else "",
        compartment=row.data["compartmentId"] if row else "",
        message=message,
        selector=_selector(domain, event.at, keys),
        data=event.data,
    )


def _selector(domain: str, at: float, keys: Sequence[Resource]) -> str | None:
    """The key of a domain that was active at a moment."""
    active = [
        row
        for row in keys
        if row.data.get("domainName") == domain
        and row.data["lifecycleState"] == "ACTIVE"
        and ("timeActivated" not in row.data or parse_instant(row.data["timeActivated"]).timestamp() <= at + 1e-3)
    ]
    return str(active[-1].data["name"]) if active else None


async def custom_headers(services: Services, account: Account, message: str) -> dict[str, str]:
    """The fields of a message whose names begin with `X-`, names in lower case."""
    raw = await services.store.messages.raw(account.id, message)
    if raw is None:
        return {}
    block = split(raw, len(raw))
    return {name: block.decoded(name) for name in dict.fromkeys(_names(raw)) if name.startswith("x-")}


def _names(raw: bytes) -> list[str]:
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    return [name.decode("ascii", "replace").lower() for name in re.findall(rb"^([!-9;-~]+):", head, re.MULTILINE)]
