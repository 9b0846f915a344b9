"""Delivery: does what is due on each account's clock, and nothing before.

The store is the queue: accepting a message gives each recipient a due time, and an attempt replaces it by an outcome
or by a later due time. Nothing here sleeps on domain time. `run` waits in real time until something may be due,
`run_due` does it, and `advance` moves a clock from one due moment to the next, so that each event carries the time at
which it would have happened.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sandbox.core import consequences
from sandbox.core.accounts import Account, Accounts
from sandbox.core.attempts import Attempt, FollowUp
from sandbox.core.cancellation import finished
from sandbox.core.consequences import Consequence
from sandbox.core.errors import NotFoundError, StoreError
from sandbox.core.model import Principal
from sandbox.core.outcomes import Outcomes, Round
from sandbox.core.policy import Rules, SuppressionCause, SuppressionReason
from sandbox.core.reporting import Reporter
from sandbox.core.restraint import Restraint
from sandbox.core.retries import RetrySchedule
from sandbox.core.store import Store
from sandbox.core.store.queue import ATTEMPT, Attempted, Due, Reported

BATCH = 100
"""Recipients that are read from the queue at once."""
FAIR = 16
"""Recipients that are dealt with together; then others have their turn."""
REST = 3.0
"""While more mail comes in, delivery rests so many times as long as it worked."""
GATHER_SECONDS = 0.02
"""The real pause between two rounds: under load, one round then does the work of many messages."""
RETRY_SECONDS = 1.0
"""How long to wait (really) when the store can't be written."""
_SIMULATED: Mapping[str, object] = {"simulated": True}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DeliveryOptions:
    """What the settings say about delivery."""

    schedule: RetrySchedule = field(default_factory=RetrySchedule)
    soft_bounces: int = 3
    """Messages in a row that were given up before the address is suppressed."""


class Delivery:
    """The delivery of one sandbox."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        rules: Mapping[str, Rules],
        outcomes: Outcomes,
        options: DeliveryOptions,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._rules = rules
        self._outcomes = outcomes
        self._options = options
        self._reporter = Reporter(store, rules, options.schedule)
        self._wake = asyncio.Event()
        self._woken = 0.0
        """When something last was (monotonic)."""
        self._restraint = Restraint(REST)
        self._busy = asyncio.Lock()

    def wake(self) -> None:
        """Something may be due: a message was accepted or a clock was moved."""
        self._woken = time.monotonic()
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            began = time.monotonic()
            try:
                delay = await self._run_round()
            except StoreError:
                _log.warning("the delivery queue is not available; trying again", exc_info=True)
                delay = RETRY_SECONDS
            rest = self._restraint.rest(time.monotonic() - began, behind=delay == 0)
            await asyncio.sleep(max(GATHER_SECONDS, rest if self._wake.is_set() else 0.0))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)

    async def _run_round(self) -> float | None:
        """Do one batch of what is due for each account, and leave the rest for another round.

        Returns the real seconds until then; None when nothing waits.
        """
        delays: list[float] = []
        async with self._busy:
            accounts = {account.id: account for account in self._accounts.all()}
            present = {name: account.clock.now() for name, account in accounts.items()}
            for name, batch in (await self._store.queue.batches(present, BATCH)).items():
                clock = accounts[name].clock
                done = await self._deal_with(accounts[name], batch.due, present[name], waited_for=False)
                moments = [batch.later, *(record.again for record in done)]
                delays += [clock.real_delay(moment) for moment in moments if moment is not None]
        return min(delays, default=None)

    async def run_due(self) -> None:
        """Do everything that is due now, for every account."""
        async with self._busy:
            for name in await self._store.queue.next_due():
                account = self._account(name)
                if account is not None:
                    await self._run_account(account)

    async def advance(self, account: Account, seconds: float) -> None:
        """Move the account's clock forward, stopping at each due moment on the way to do what is due there.

        It moves by just `seconds`: the real time that this takes passes besides.
        """
        async with self._busy:
            clock = account.clock
            target = clock.offset + seconds
            await self._run_account(account)
            while (due := (await self._store.queue.next_due()).get(account.id)) is not None:
                step = clock.real_delay(due)
                if clock.offset + step > target:
                    break
                clock.advance(step)
                await self._run_account(account)
            clock.advance(max(0.0, target - clock.offset))
        self.wake()

    async def simulate(
        self,
        account: Account,
        message: str,
        recipient: str,
        follow_up: FollowUp,
        *,
        data: Mapping[str, object] = _SIMULATED,
    ) -> Attempted:
        """Let something happen now to a recipient of a delivered message; `data` goes into its event.

        `NotFoundError` when the message has no such recipient.
        """
        async with self._busy:
            due = await self._store.queue.recipient(account.id, message, recipient)
            if due is None:
                raise NotFoundError(f"message {message!r} has no recipient {recipient!r}")
            now = account.clock.now()
            consequence = consequences.of_follow_up(due, follow_up, now, data)
            return (await self._record(account, [consequence], now))[0]

    async def _run_account(self, account: Account) -> None:
        while await self._run_batch(account):
            pass

    async def _run_batch(self, account: Account) -> bool:
        """Do at most a batch of what is due; False when there was nothing."""
        now = account.clock.now()
        batch = await self._store.queue.due(account.id, now, BATCH)
        await self._deal_with(account, batch, now)
        return bool(batch)

    async def _deal_with(
        self, account: Account, batch: Sequence[Due], now: float, *, waited_for: bool = True
    ) -> list[Attempted]:
        """Do what is due, some at a time, and make each part durable before the next."""
        outcomes = await self._outcomes.round(account)
        records: list[Attempted] = []
        for part in _parts(batch):
            done = [await self._perform(account, outcomes, due, now) for due in part]
            patient = not waited_for and len(batch) < BATCH and self._others_commit()
            records += await self._record(account, done, now, patient=patient)
        return records

    def _others_commit(self) -> bool:
        """Whether more mail came in just now, so that somebody else is about to commit."""
        return self._wake.is_set() and time.monotonic() - self._woken < GATHER_SECONDS

    async def _perform(self, account: Account, outcomes: Round, due: Due, now: float) -> Consequence:
        if due.task != ATTEMPT:
            return consequences.of_follow_up(due, FollowUp(due.task), now, {})
        principal = Principal(account=account.id, provider=due.provider, user=due.user, credential=due.user)
        suppressed = await self._rules[due.provider].suppressed(account, principal, due.address, due.sender)
        if suppressed is not None:
            return consequences.of_suppression(due, suppressed.reason, now)
        attempt = Attempt(
            recipient=due.address,
            sender=due.sender,
            subject=due.subject,
            number=due.attempts + 1,
            provider=due.provider,
        )
        decision = await outcomes.decide(attempt, due.message)
        return consequences.of_decision(due, decision, now, self._options.schedule)

    async def _record(
        self, account: Account, done: Sequence[Consequence], now: float, *, patient: bool = False
    ) -> list[Attempted]:
        records = [await self._with_suppression(account, consequence) for consequence in done]
        reports = await self._reporter.reports(account, done, now)
        await finished(self._store_done(account, records, reports, patient=patient))
        return records

    async def _store_done(
        self, account: Account, records: Sequence[Attempted], reports: Sequence[Reported], *, patient: bool
    ) -> None:
        """Make it durable; a caller who goes must not let others in before, who would do the same once more."""
        recorded = await self._store.queue.record(account.id, records, reports, patient=patient)
        await self._store.resources.adopt(recorded)

    async def _with_suppression(self, account: Account, consequence: Consequence) -> Attempted:
        record = consequence.record
        if consequence.suppress is None:
            return record
        message = await self._store.messages.get(account.id, record.due.message)
        cause = SuppressionCause(
            reason=consequence.suppress,
            detail=record.detail,
            source=consequence.source,
            message_id=message.message_id if message else "",
        )
        suppression = await self._rules[record.due.provider].suppression(account, record.due.address, cause)
        soft = consequence.suppress is SuppressionReason.SOFT_BOUNCE
        return replace(record, suppression=suppression, soft_limit=self._options.soft_bounces if soft else None)

    def _account(self, name: str) -> Account | None:
        try:
            return self._accounts.get(name)
        except NotFoundError:  # removed between the query and now
            return None


def _parts(batch: Sequence[Due]) -> Iterator[list[Due]]:
    """About so many at a time; those of one message stay together, since one report tells of them."""
    part: list[Due] = []
    for due in batch:
        if len(part) >= FAIR and due.seq != part[-1].seq:
            yield part
            part = []
        part.append(due)
    if part:
        yield part
