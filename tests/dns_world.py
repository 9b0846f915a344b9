"""A store with one account and a name system, without listeners."""

import contextlib

from sandbox.core.accounts import Accounts
from sandbox.core.dns.authority import Authority
from sandbox.core.dns.records import make
from sandbox.core.dns.zones import Zones
from sandbox.core.errors import NotFoundError
from sandbox.core.store import Store

SERVERS = ("ns1.dns.example", "ns2.dns.example")


@contextlib.asynccontextmanager
async def world(names=None):
    """Accounts, zones and authority on a store in memory; `names` are a provider's: {name: {type: rows}}."""
    store = Store(None)
    accounts = Accounts(store, seed="dns")
    await accounts.load()

    async def published(account, name, rtype):
        if not name.endswith("provider.test"):
            return None
        if name not in (names or {}):
            raise NotFoundError(name)
        return names[name].get(rtype, [])

    zones = Zones(store)
    try:
        yield accounts, zones, Authority(zones, published)
    finally:
        await store.close()


async def add_zone(accounts, zones, name, rows, account=None):
    """A zone with records given as [domain, type, rdata]."""
    records = [make(domain, rtype, 300, rdata) for domain, rtype, rdata in rows]
    owner = account or accounts.ready_made
    return await zones.create(owner, name, zone_id=f"{owner.id}/{name}", servers=SERVERS, records=records)
