"""The domain name system of one sandbox, as one value."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loading the DNS library waits for the first question
    from sandbox.core.accounts import Account
    from sandbox.core.attempts import Decision
    from sandbox.core.dns.authority import Authority
    from sandbox.core.dns.lookup import Lookup
    from sandbox.core.dns.zones import Zones
    from sandbox.core.outcomes import Destinations


@dataclass(frozen=True, kw_only=True)
class NameParts:
    """What a name system is made of."""

    zones: Zones
    authority: Authority
    lookup: Lookup
    destinations: Destinations


class NameSystem:
    """Zones to change, authority to publish, a look-up to ask; put together when one of them is first wanted."""

    def __init__(self, make: Callable[[], NameParts]) -> None:
        """`make` is called once, from any thread."""
        self._make = make
        self._lock = RLock()
        self._known: NameParts | None = None

    def _parts(self) -> NameParts:
        with self._lock:
            if self._known is None:
                self._known = self._make()
            return self._known

    @property
    def zones(self) -> Zones:
        """Every zone of the sandbox."""
        return self._parts().zones

    @property
    def authority(self) -> Authority:
        """What the DNS listener tells the world: zones and the providers' names."""
        return self._parts().authority

    @property
    def lookup(self) -> Lookup:
        """What the sandbox itself believes; the setting `delivery.dns` chooses it."""
        return self._parts().lookup

    async def decide(self, account: Account, domain: str) -> Decision:
        """Where mail goes, as DNS has it: these are the `Destinations` of delivery."""
        if self._known is None:
            await asyncio.to_thread(self._parts)
        return await self._parts().destinations.decide(account, domain)
