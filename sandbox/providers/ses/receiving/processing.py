"""Runs the active rule set on each message that arrived, and on delivered mail whose recipient is received here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.arrivals import RECEIVED
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Event, MessageRecord, Outcome
from sandbox.core.services import Services
from sandbox.core.store.queue import Attempted, Reported
from sandbox.providers.ses import following
from sandbox.providers.ses.following import DELIVERED
from sandbox.providers.ses.receiving import arrival, rule_sets
from sandbox.providers.ses.receiving.actions import ACTIONS, Run
from sandbox.providers.ses.receiving.functions import Disposition
from sandbox.providers.ses.receiving.matching import Rule, meetings
from sandbox.providers.ses.receiving.notices import Arrived

AT_ONCE = 8
"""Messages on which rules run at the same time; a function that is waited for holds up no more than its own."""
log = logging.getLogger(__name__)


async def run(services: Services, section: Any, last: int) -> None:
    """Deal with every arrival until the sandbox stops: those that wait, and after the event `last` what happens."""
    crowd = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as tasks:
        waited = await services.store.queue.waiting("ses")
        for account, message in waited:
            tasks.create_task(_guarded(crowd, services, section, account, message))
        known = set(waited)
        async for event in following.events(services, last, _concerns):
            if event.type == RECEIVED and event.message is not None:
                if (event.account, event.message) in known:
                    continue
                tasks.create_task(_guarded(crowd, services, section, event.account, event.message))
            elif event.type == DELIVERED and await arrival.is_open(services):
                tasks.create_task(_looped(crowd, services, event))


def _concerns(event: Event) -> bool:
    """Whether something arrived for SES, or was delivered, which may be for a recipient here."""
    return event.type == DELIVERED or (event.type == RECEIVED and event.data.get("provider") == "ses")


async def _guarded(crowd: asyncio.Semaphore, services: Services, section: Any, account: str, message: str) -> None:
    async with crowd:
        try:
            await process(services, section, services.accounts.get(account), message)
        except NotFoundError:
            return  # the account was removed meanwhile
        except Exception:
            log.exception("%s: the receipt rules failed", message)


async def _looped(crowd: asyncio.Semaphore, services: Services, event: Event) -> None:
    async with crowd:
        try:
            await arrival.from_delivery(services, event)
        except Exception:
            log.exception("%s: what was delivered could not be received", event.message)


async def process(services: Services, section: Any, account: Account, message: str) -> None:
    """Run the account's active rules on a message that arrived and record what became of each recipient."""
    record = await services.store.messages.get(account.id, message)
    raw = await services.store.messages.raw(account.id, message)
    if record is None or raw is None or "received" not in record.attributes:
        return
    run = Run(
        services=services,
        section=section,
        account=account,
        host=arrival.host(services),
        arrived=_arrived(record, raw),
    )
    await apply(run, await rule_sets.active_rules(services, account))
    await _record(run, record)


async def apply(run: Run, rules: Sequence[Rule]) -> None:
    """Perform the actions of every rule that is for the message, in order, until something stops them."""
    for meeting in meetings(rules, run.arrived.recipients):
        run.rule, run.recipients = meeting.rule["Name"], meeting.recipients
        for action in meeting.rule.get("Actions") or ():
            disposition = await _perform(run, action)
            if disposition is Disposition.STOP_RULE_SET:
                return
            if disposition is Disposition.STOP_RULE:
                break


async def _perform(run: Run, action: dict[str, Any]) -> Disposition:
    (name, options), *_ = action.items()
    return await ACTIONS[name](run, options)


def _arrived(record: MessageRecord, raw: bytes) -> Arrived:
    return Arrived(
        message_id=record.envelope_id,
        message=record.id,
        source=record.envelope.mail_from,
        recipients=record.envelope.rcpt_to,
        at=record.accepted,
        verdicts=record.attributes["received"]["verdicts"],
        raw=raw,
    )


async def _record(run: Run, record: MessageRecord) -> None:
    """Write down what was done, with the bounces that it asks for."""
    now = run.account.clock.now()
    queue = run.services.store.queue
    done = []
    for address in record.envelope.rcpt_to:
        due = await queue.recipient(run.account.id, record.id, address)
        if due is None:
            continue
        rejected = address in run.rejected
        done.append(
            Attempted(
                due=due,
                outcome=Outcome.REJECTED if rejected else Outcome.DELIVERED,
                detail=_detail(run),
                event="rejected" if rejected else "received",
                at=now,
                data={"actions": run.done},
            )
        )
    reports = [
        Reported(id=run.account.ids.sortable(now), message=record.id, about=about, report=report, at=now)
        for report, about in run.reports
    ]
    await queue.record(run.account.id, done, reports)


def _detail(run: Run) -> str:
    said = "; ".join(f"{one['rule']}: {one['action']} {one['detail']}" for one in run.done)
    return said or "no rule had anything to do"
