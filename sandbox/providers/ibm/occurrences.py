"""What happened to each recipient of an instance's mail, from the event log with the messages beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.core.accounts import Account
from sandbox.core.model import Event, MessageRecord
from sandbox.core.services import Services
from sandbox.core.store.messages import SQLITE_VARIABLES, Clause

MOST = 50_000
"""Events that one question looks at, the newest."""
COUNTED: Mapping[str, str] = {
    "message.accepted": "submitted",
    "recipient.delivered": "success",
    "recipient.blackholed": "success",
    "recipient.deferred": "deferred",
    "recipient.hard_bounced": "bounced",
    "recipient.soft_bounced": "bounced",
}
"""Event → the key under which the service's metrics count it."""


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One thing that happened to one recipient."""

    at: float
    key: str
    recipient: str
    detail: str
    message: MessageRecord


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a question about metrics is narrowed to; empty texts narrow nothing."""

    start: float
    end: float
    config: str = ""
    recipient: str = ""
    queue_id: str = ""
    subject: str = ""

    def fits(self, one: Occurrence) -> bool:
        """Whether an occurrence is asked for."""
        return (
            self.config in ("", one.message.attributes.get("smtp_config_id"))
            and self.recipient.lower() in ("", one.recipient.lower())
            and self.queue_id in ("", one.message.envelope_id)
            and self.subject in ("", one.message.subject)
        )


async def matching(services: Services, account: Account, wanted: Filter) -> list[Occurrence]:
    """What happened within the time and fits the filter, in order."""
    types = tuple(COUNTED)
    events = await services.store.events.between(account.id, wanted.start, wanted.end, types, MOST)
    messages = await _messages(services, account, events)
    found = [one for event in events if event.message in messages for one in _each(event, messages[event.message])]
    return [one for one in found if wanted.fits(one)]


def _each(event: Event, message: MessageRecord) -> list[Occurrence]:
    who = message.envelope.rcpt_to if event.type == "message.accepted" else [event.recipient or ""]
    detail = str(event.data.get("detail", ""))
    return [
        Occurrence(at=event.at, key=COUNTED[event.type], recipient=one, detail=detail, message=message) for one in who
    ]


async def _messages(services: Services, account: Account, events: Sequence[Event]) -> dict[str | None, MessageRecord]:
    names = list(dict.fromkeys(event.message for event in events if event.message))
    found: dict[str | None, MessageRecord] = {}
    for start in range(0, len(names), SQLITE_VARIABLES - 1):
        part = names[start : start + SQLITE_VARIABLES - 1]
        sql = f"m.provider = 'ibm' AND m.id IN ({','.join('?' * len(part))})"
        page = await services.store.messages.page(account.id, Clause(sql=sql, params=tuple(part)), limit=len(part))
        found |= {message.id: message for message in page.items}
    return found
