"""What happened to the account's mail, in SES's words: counted by statistics, metrics and reports, told by insights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Event
from sandbox.core.services import Services
from sandbox.providers.ses.events import replies

MOST = 200_000
"""Events that one answer is counted from; the newest."""
ACCEPTED, SUPPRESSED = "message.accepted", "recipient.suppressed"
KINDS: Mapping[str, str] = {
    ACCEPTED: "SEND",
    "recipient.delivered": "DELIVERY",
    "recipient.hard_bounced": "BOUNCE",
    "recipient.soft_bounced": "BOUNCE",
    SUPPRESSED: "BOUNCE",
    "recipient.deferred": "DELIVERY_DELAY",
    "recipient.complained": "COMPLAINT",
    "recipient.opened": "OPEN",
    "recipient.clicked": "CLICK",
}
"""Type of an event → kind of an occurrence, as `EventType` of API v2 has it."""
ISPS: Mapping[str, str] = {
    "gmail.com": "Gmail",
    "googlemail.com": "Gmail",
    "hotmail.com": "Hotmail",
    "outlook.com": "Hotmail",
    "live.com": "Hotmail",
    "msn.com": "Hotmail",
    "yahoo.com": "Yahoo",
    "ymail.com": "Yahoo",
    "aol.com": "AOL",
    "icloud.com": "iCloud",
    "me.com": "iCloud",
}
"""Domain of a mailbox → its provider."""
UNKNOWN_ISP = "UNKNOWN_ISP"


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """Something that happened for one recipient."""

    at: float
    kind: str
    """`SEND`, `DELIVERY`, `BOUNCE`, …"""
    message: str
    recipient: str
    detail: str = ""
    """The remote reply."""
    bounce: replies.Bounce | None = None

    @property
    def isp(self) -> str:
        """The provider of the recipient's mailbox."""
        return isp(self.recipient)


def isp(address: str) -> str:
    """The provider of a mailbox."""
    return ISPS.get(address.rpartition("@")[2].lower(), UNKNOWN_ISP)


async def occurrences(services: Services, account: Account, start: float, end: float) -> list[Occurrence]:
    """What happened from `start` until before `end` (Unix seconds), in order."""
    return list(told(await services.store.events.between(account.id, start, end, tuple(KINDS), MOST)))


def told(events: Iterable[Event]) -> Iterator[Occurrence]:
    """What events of the log tell of SES's mail."""
    for event in events:
        kind = KINDS.get(event.type)
        if kind is None or event.message is None:
            continue
        if event.data.get("provider") != "ses":
            continue
        if event.type == ACCEPTED:
            for recipient in event.data["recipients"]:
                yield Occurrence(at=event.at, kind=kind, message=event.message, recipient=recipient)
        else:
            yield _of_recipient(event, kind)


def _of_recipient(event: Event, kind: str) -> Occurrence:
    detail = str(event.data.get("detail", ""))
    return Occurrence(
        at=event.at,
        kind=kind,
        message=event.message or "",
        recipient=event.recipient or "",
        detail=detail,
        bounce=_bounce(event, detail) if kind == "BOUNCE" else None,
    )


def _bounce(event: Event, detail: str) -> replies.Bounce:
    if event.type == SUPPRESSED:
        return replies.Bounce(type="Permanent", subtype="OnAccountSuppressionList")
    return replies.bounce(detail, given_up=event.type == "recipient.soft_bounced")


class Messages:
    """The messages that occurrences speak of, each read once."""

    def __init__(self, services: Services, account: Account) -> None:
        self._services = services
        self._account = account
        self._known: dict[str, Mapping[str, Any]] = {}

    async def about(self, message: str) -> Mapping[str, Any]:
        """`sender`, `subject`, `provider` and the attributes of a message; empty when it was deleted."""
        if message not in self._known:
            found = await self._services.store.messages.get(self._account.id, message)
            self._known[message] = (
                {}
                if found is None
                else {
                    **found.attributes,
                    "sender": found.envelope.mail_from,
                    "from": found.sender,
                    "subject": found.subject,
                    "provider": found.provider,
                    "accepted": found.accepted,
                    "envelope_id": found.envelope_id,
                }
            )
        return self._known[message]
