"""What the window asks of the application: things that only it can do, since they reach across every layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sandbox.core.accounts import Account
from sandbox.core.attempts import FollowUp
from sandbox.core.model import Event
from sandbox.core.store.queue import Attempted


class Controls(Protocol):
    """The application as the inspection API sees it."""

    version: str
    """The version of the program."""
    started: float
    """When the sandbox began to accept connections: real Unix seconds."""

    warnings: Sequence[str]
    """What whoever looks at the sandbox should know, a sentence each."""

    async def reset(self, account: Account) -> None:
        """Empty the account and provision it anew from the settings; its clock returns to real time."""
        ...

    async def advance(self, account: Account, seconds: float) -> None:
        """Move the account's clock forward, doing what falls due on the way in its order."""
        ...

    async def set_clock(self, account: Account, moment: float) -> None:
        """Make `moment` (Unix seconds) the account's present."""
        ...

    async def reset_clock(self, account: Account) -> None:
        """Return the account's clock to real time."""
        ...

    async def new_account(self) -> Mapping[str, Any]:
        """A fresh account, provisioned in each provider: its `connection`."""
        ...

    async def connection(self, account: Account) -> Mapping[str, Any]:
        """The account's id under `account`, and its listeners and credentials in the ready file's shape."""
        ...

    async def simulate(self, account: Account, message: str, recipient: str, follow_up: FollowUp) -> Attempted:
        """Let something happen now to a recipient of a message; `NotFoundError` without such a recipient."""
        ...

    async def replay(self, event: Event) -> int:
        """Tell the callbacks that want it about an event again; how many took it."""
        ...

    async def settle(self, account: Account) -> None:
        """Wait until what was accepted before this call can be searched and what is due was delivered."""
        ...
