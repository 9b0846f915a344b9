"""The sandbox's domain name system: zones and providers' names, in the world that the settings ask for.

Loaded, with the DNS library, by the first question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.core.accounts import Account
from sandbox.core.dns.authority import Authority, Names
from sandbox.core.dns.lookup import Lookup
from sandbox.core.dns.mail_exchange import MailExchange
from sandbox.core.dns.resolver import AnyDomainLookup, ZoneLookup
from sandbox.core.dns.system import NameParts
from sandbox.core.dns.zones import Zones
from sandbox.core.services import Services
from sandbox.core.store import Store
from sandbox.settings import Settings
from sandbox.wire.provider import Provider


def make_names(
    settings: Settings, store: Store, providers: Sequence[Provider], services: Callable[[], Services]
) -> NameParts:
    """The name system of one sandbox; `services` is called once there are questions."""
    zones = Zones(store)
    authority = Authority(zones, _published(settings, providers, services))
    lookup = _lookup(settings.delivery.dns, authority)
    exchange = MailExchange(lookup, implicit_mx=settings.delivery.implicit_mx)
    return NameParts(zones=zones, authority=authority, lookup=lookup, destinations=exchange)


def _published(settings: Settings, providers: Sequence[Provider], services: Callable[[], Services]) -> Names:
    async def names(account: Account, name: str, rtype: str) -> list[str] | None:
        for provider in providers:
            if provider.names is not None:
                section = getattr(settings, provider.name)
                found = await provider.names(services(), section, account, name, rtype)
                if found is not None:
                    return found
        return None

    return names


def _lookup(world: str, authority: Authority) -> Lookup:
    if world == "system":
        from sandbox.wire.dns.system import SystemLookup  # noqa: PLC0415 - only this world needs a resolver

        return SystemLookup(authority)
    return ZoneLookup(authority) if world == "zones" else AnyDomainLookup(authority)
