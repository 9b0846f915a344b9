"""Delivery: does what is due on each account's clock, and nothing before.

The store is the queue: accepting a message gives each recipient a due time, and an attempt replaces it by an outcome.
Nothing here sleeps on domain time. `run` waits in real time until something may be due, `run_due` does it, and
`advance` moves a clock from one due moment to the next, so that each event carries the time at which it would have
happened.
"""

from __future__ import annotations

import asyncio
import logging

from sandbox.core.accounts import Account, Accounts
from sandbox.core.errors import NotFoundError, StoreError
from sandbox.core.outcomes import OutcomeRules, decide
from sandbox.core.store import Store
from sandbox.core.store.queue import Attempted, Due

BATCH = 500
"""Attempts that share a transaction."""
RETRY_SECONDS = 1.0
"""How long to wait (really) when the store can't be written."""
_log = logging.getLogger(__name__)


class Delivery:
    """The delivery of one sandbox."""

    def __init__(self, store: Store, accounts: Accounts, rules: OutcomeRules) -> None:
        self._store = store
        self._accounts = accounts
        self._rules = rules
        self._wake = asyncio.Event()
        self._busy = asyncio.Lock()

    def wake(self) -> None:
        """Something may be due: a message was accepted or a clock was moved."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.run_due()
                delay = await self._next_delay()
            except StoreError:
                _log.warning("the delivery queue is not available; trying again", exc_info=True)
                delay = RETRY_SECONDS
            try:
                await asyncio.wait_for(self._wake.wait(), delay)
            except TimeoutError:
                continue

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

    async def _run_account(self, account: Account) -> None:
        while batch := await self._store.queue.due(account.id, account.clock.now(), BATCH):
            await self._store.queue.record(account.id, [self._attempt(account, due) for due in batch])

    def _attempt(self, account: Account, due: Due) -> Attempted:
        decision = decide(due.address, self._rules)
        return Attempted(due=due, outcome=decision.outcome, detail=decision.detail, at=account.clock.now())

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
