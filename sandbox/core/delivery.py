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
from collections.abc import Mapping, Sequence
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
from sandbox.core.retries import RetrySchedule
from sandbox.core.store import Store
from sandbox.core.store.queue import ATTEMPT, Attempted, Due, Reported

BATCH = 100
"""Attempts that share a transaction, which accepted messages wait for."""
FAIR = 10
"""Attempts after which others have their turn."""
REST = 3.0
"""While more mail comes in, delivery rests so many times as long as it worked: accepting goes first."""
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
        self._busy = asyncio.Lock()

    def wake(self) -> None:
        """Something may be due: a message was accepted or a clock was moved."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            began = time.monotonic()
            try:
                await self._run_round()
                delay = await self._next_delay()
            except StoreError:
                _log.warning("the delivery queue is not available; trying again", exc_info=True)
                delay = RETRY_SECONDS
            rest = REST * (time.monotonic() - began) if self._wake.is_set() else 0.0
            await asyncio.sleep(GATHER_SECONDS + rest)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)

    async def _run_round(self) -> None:
        """Do one batch of what is due for each account, and leave the rest for another round."""
        async with self._busy:
            for name in await self._store.queue.next_due():
                account = self._account(name)
                if account is not None:
                    await self._run_batch(account)

    async def run_due(self) -> None:
        """Do everything that is due now, for every account."""
        async with self._busy:
            for name in await self._store.queue.next_due():
                account = self._account(name)
                if account is not None:
                    await self._run_account(account)

    async def advance(self, account: Account, seconds: float) -> None:
        """Move the account's clock forward, stopping at each due moment on the way to do what is due there."""
        async with self._busy:
            target = account.clock.now() + seconds
            await self._run_account(account)
            while (due := (await self._store.queue.next_due()).get(account.id)) is not None and due <= target:
                account.clock.advance(account.clock.real_delay(due))
                await self._run_account(account)
            account.clock.advance(account.clock.real_delay(target))
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
        done: list[Consequence] = []
        outcomes = await self._outcomes.round(account)
        for number, due in enumerate(batch, 1):
            done.append(await self._perform(account, outcomes, due, now))
            if not number % FAIR:
                await asyncio.sleep(0)
        if done:
            await self._record(account, done, now)
        return bool(done)

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

    async def _record(self, account: Account, done: Sequence[Consequence], now: float) -> list[Attempted]:
        records = [await self._with_suppression(account, consequence) for consequence in done]
        reports = await self._reporter.reports(account, done, now)
        await finished(self._store_done(account, records, reports))
        return records

    async def _store_done(self, account: Account, records: Sequence[Attempted], reports: Sequence[Reported]) -> None:
        """Make it durable; a caller who goes must not let others in before, who would do the same once more."""
        await self._store.resources.adopt(await self._store.queue.record(account.id, records, reports))

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

    async def _next_delay(self) -> float | None:
        """Real seconds until something is due; None when nothing waits."""
        delays = [
            account.clock.real_delay(due)
            for name, due in (await self._store.queue.next_due()).items()
            if (account := self._account(name)) is not None
        ]
        return min(delays, default=None)

    def _account(self, name: str) -> Account | None:
        try:
            return self._accounts.get(name)
        except NotFoundError:  # removed between the query and now
            return None
