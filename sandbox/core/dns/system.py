"""The domain name system of one sandbox, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.core.dns.authority import Authority
from sandbox.core.dns.lookup import Lookup
from sandbox.core.dns.zones import Zones


@dataclass(frozen=True, kw_only=True)
class NameSystem:
    """Zones to change, authority to publish, a look-up to ask."""

    zones: Zones
    authority: Authority
    """What the DNS listener tells the world: zones and the providers' names."""
    lookup: Lookup
    """What the sandbox itself believes; the setting `delivery.dns` chooses it."""
