"""What the inspection API may ask of the application: reset, move clocks, make accounts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sandbox.app.exposure import warned_of
from sandbox.core.accounts import Account
from sandbox.core.attempts import FollowUp
from sandbox.core.events import NOT_LOGGED
from sandbox.core.model import Event
from sandbox.core.store.queue import Attempted
from sandbox.version import __version__

if TYPE_CHECKING:
    from sandbox.app.runtime import Runtime


class AppControls:
    """The window's `Controls`, answered by a running sandbox."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.version = __version__
        self.started = time.time()
        self.closing = runtime.closing
        self.warnings = warned_of(runtime.settings)

    async def reset(self, account: Account) -> None:
        """Empty everything of the account and bring it back to what the settings provision."""
        runtime = self._runtime
        account.faults.clear()
        account.ledgers.clear()
        account.clock.reset()
        runtime.forget_clients(account)
        await runtime.services.accounts.save_clock(account)
        await runtime.store.clear(account.id)
        await runtime.provision(account)
        runtime.keeper.wake()
        told = Event(id=NOT_LOGGED, account=account.id, at=account.clock.now(), type="account.reset")
        runtime.stream.publish([told])

    async def advance(self, account: Account, seconds: float) -> None:
        """Move the account's clock forward and do everything that becomes due on the way."""
        await self._runtime.delivery.advance(account, seconds)
        await self._runtime.services.accounts.save_clock(account)

    async def set_clock(self, account: Account, moment: float) -> None:
        """Make `moment` (Unix seconds) the account's present; forward moves do what becomes due on the way."""
        ahead = moment - account.clock.now()
        if ahead > 0:
            await self._runtime.delivery.advance(account, ahead)
        else:
            account.clock.set(moment)
        await self._clock_moved(account)

    async def reset_clock(self, account: Account) -> None:
        """Return the account to real time."""
        account.clock.reset()
        await self._clock_moved(account)

    async def _clock_moved(self, account: Account) -> None:
        await self._runtime.services.accounts.save_clock(account)
        self._runtime.delivery.wake()

    async def new_account(self) -> dict[str, Any]:
        """A fresh account in each provider, in the ready file's shape."""
        account = await self._runtime.services.accounts.create()
        await self._runtime.provision(account)
        return await self.connection(account)

    async def connection(self, account: Account) -> dict[str, Any]:
        """What clients of an account need."""
        return {"account": account.id, **await self._runtime.connection(account)}

    async def simulate(self, account: Account, message: str, recipient: str, follow_up: FollowUp) -> Attempted:
        """Let something happen now to a recipient of a message."""
        return await self._runtime.delivery.simulate(account, message, recipient, follow_up)

    async def replay(self, event: Event) -> int:
        """Tell the callbacks about an event again."""
        return await self._runtime.callbacks.replay(event)

    async def settle(self, account: Account) -> None:  # noqa: ARG002 - one queue and one index serve all accounts
        """Return once everything accepted so far is searchable and everything due was tried."""
        await self._runtime.delivery.run_due()
        await self._runtime.indexer.catch_up()
