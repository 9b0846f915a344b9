"""Accounts: whom messages, credentials, quotas, faults and the clock's offset belong to."""

from __future__ import annotations

import time
from collections.abc import Callable

from sandbox.core.clock import Clock
from sandbox.core.errors import NotFoundError
from sandbox.core.faults import Faults
from sandbox.core.ids import Ids
from sandbox.core.quota import DAY, Ledger
from sandbox.core.store import Store
from sandbox.core.store.accounts import AccountRow


class Account:
    """One isolated owner, with what is kept in memory for it."""

    def __init__(self, row: AccountRow, clock: Clock, ids: Ids) -> None:
        self.id = row.id
        self.created = row.created
        self.ready_made = row.ready_made
        self.clock = clock
        self.ids = ids
        self.faults = Faults(ids.random)
        self.ledgers: dict[str, Ledger] = {}
        """Quota ledgers by provider; filled through `Accounts.ledger`."""


class Accounts:
    """Every account of one sandbox; the ready-made one exists from the start."""

    ready_made: Account

    def __init__(self, store: Store, source: Callable[[], float] = time.time, seed: int | str | None = None) -> None:
        self._store = store
        self._source = source
        self._seed = seed
        self._accounts: dict[str, Account] = {}
        self.ids = Ids(seed)

    async def load(self) -> bool:
        """Read the stored accounts; makes the ready-made one on a new store and then returns True."""
        for row in await self._store.accounts.all():
            self._enter(row)
        found = [account for account in self._accounts.values() if account.ready_made]
        self.ready_made = found[0] if found else await self._add(ready_made=True)
        return not found

    async def create(self) -> Account:
        """A fresh account that nothing belongs to yet."""
        return await self._add(ready_made=False)

    async def _add(self, *, ready_made: bool) -> Account:
        name = "default" if ready_made else "a" + self.ids.alphanumeric(15)
        row = AccountRow(id=name, created=self._source(), clock_offset=0.0, ready_made=ready_made)
        await self._store.accounts.add(row)
        return self._enter(row)

    def _enter(self, row: AccountRow) -> Account:
        seed = None if self._seed is None else f"{self._seed}/{row.id}"
        account = Account(row, Clock(self._source, row.clock_offset), Ids(seed))
        self._accounts[row.id] = account
        return account

    def get(self, account: str | None) -> Account:
        """The account with this id, the ready-made one for None; `NotFoundError` when there is none."""
        if account is None:
            return self.ready_made
        found = self._accounts.get(account)
        if found is None:
            raise NotFoundError(f"there is no account {account!r}")
        return found

    def all(self) -> list[Account]:
        """Every account, the ready-made one first."""
        return sorted(self._accounts.values(), key=lambda account: (not account.ready_made, account.created))

    async def remove(self, account: Account) -> None:
        """Forget an account and everything of it; the ready-made one can only be reset, `ValueError`."""
        if account.ready_made:
            raise ValueError("the ready-made account can be reset but not removed")
        await self._store.clear(account.id)
        await self._store.accounts.remove(account.id)
        self._accounts.pop(account.id, None)

    async def save_clock(self, account: Account) -> None:
        """Make the clock's offset survive a restart."""
        await self._store.accounts.set_clock_offset(account.id, account.clock.offset)

    async def ledger(self, account: Account, provider: str) -> Ledger:
        """What the account has used of the provider's quota."""
        ledger = account.ledgers.get(provider)
        if ledger is None:
            rows = await self._store.usage.since(account.id, provider, account.clock.now() - DAY)
            ledger = account.ledgers.setdefault(provider, Ledger(rows))
        return ledger
