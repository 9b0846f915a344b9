"""What one running sandbox is made of, passed to every layer above the core instead of globals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # each is loaded by whoever makes it, or by its first use
    from sandbox.core.accounts import Account, Accounts
    from sandbox.core.catalog import Catalog, Wording
    from sandbox.core.delivered_copy import Copies, Maker
    from sandbox.core.delivery import Delivery
    from sandbox.core.dns.system import NameSystem
    from sandbox.core.events import EventStream
    from sandbox.core.intake import Intake
    from sandbox.core.policy import Rules
    from sandbox.core.postings import Courier
    from sandbox.core.store import Store
    from sandbox.core.transcript import OpenSessions


@dataclass(frozen=True, kw_only=True)
class ProviderState:
    """What the sandbox runs for one provider."""

    name: str
    words: Callable[[], Catalog]
    """Reads the catalog; called once, at the first error or question about errors."""
    rules: Rules
    wording: Wording
    region: str
    deliver: Maker | None = None
    """Makes what a recipient gets; None when the provider hands messages over as they were accepted."""

    @cached_property
    def catalog(self) -> Catalog:
        """The provider's errors."""
        return self.words()

    @cached_property
    def copies(self) -> Copies | None:
        """What recipients get; None when that is what was accepted."""
        from sandbox.core.delivered_copy import Copies  # noqa: PLC0415 - waits for the first delivery

        return None if self.deliver is None else Copies(self.deliver)


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts that providers, the wire and the viewers' API share."""

    store: Store
    accounts: Accounts
    intake: Intake
    delivery: Delivery
    stream: EventStream
    sessions: OpenSessions
    dns: NameSystem
    providers: Mapping[str, ProviderState]
    files: Path
    """Folder for keys, certificates and client settings."""
    permissive: bool
    courier: Courier
    """Posts what providers tell the user's own programs."""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """What providers have read of their secrets, by their names."""
    endpoints: dict[str, Any]
    """Listeners as in the ready file; filled once they accept connections."""

    def account_faults(self, account: str | None) -> Account:
        """The account whose forced errors count for a client that has not said who it is."""
        return self.accounts.get(account)
