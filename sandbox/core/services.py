"""What one running sandbox is made of, passed to every layer above the core instead of globals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.core.accounts import Account, Accounts
from sandbox.core.catalog import Catalog, Wording
from sandbox.core.delivered_copy import Copies
from sandbox.core.delivery import Delivery
from sandbox.core.events import EventStream
from sandbox.core.intake import Intake
from sandbox.core.policy import Rules
from sandbox.core.postings import Courier
from sandbox.core.store import Store
from sandbox.core.transcript import OpenSessions

if TYPE_CHECKING:  # the DNS library is loaded with a sandbox, not with the catalogs
    from sandbox.core.dns.system import NameSystem


@dataclass(frozen=True, kw_only=True)
class ProviderState:
    """What the sandbox runs for one provider."""

    name: str
    words: Callable[[], Catalog]
    """Reads the catalog; called once, at the first error or question about errors."""
    rules: Rules
    wording: Wording
    region: str
    copies: Copies | None = None
    """What recipients get; None when the provider hands messages over as they were accepted."""

    @cached_property
    def catalog(self) -> Catalog:
        """The provider's errors."""
        return self.words()


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
    endpoints: dict[str, Any]
    """Listeners as in the ready file; filled once they accept connections."""

    def account_faults(self, account: str | None) -> Account:
        """The account whose forced errors count for a client that has not said who it is."""
        return self.accounts.get(account)
