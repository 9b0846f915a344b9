"""Dedicated IP addresses: those that the settings lease to every account, with their pools and their warm-up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import ip_pools, named
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.records import record

KIND = "dedicated-ip"
WARM_UP_DAYS = 45
"""Days in which an address is warmed up (developer guide, "Warming up dedicated IP addresses")."""
_DAY = 86_400.0
_MISSING = "api.NotFoundException.dedicated-ip"


async def get_dedicated_ip(call: Call) -> Mapping[str, Any]:
    """One address."""
    return {"DedicatedIp": _shown(call, await _existing(call))}


async def get_dedicated_ips(call: Call) -> Mapping[str, Any]:
    """The addresses, or those of one pool."""
    pool = call.input.get("PoolName")
    if pool and pool != ip_pools.DEFAULT:
        await ip_pools.existing(call, pool)
    found = [row for row in await _leased(call) if not pool or row.data["pool"] == pool]
    return named.listing(call, "DedicatedIps", found, lambda row: _shown(call, row))


async def put_dedicated_ip_in_pool(call: Call) -> Mapping[str, Any]:
    """Move an address into a pool whose addresses are not the service's to manage."""
    row, pool = await _existing(call), call.input["DestinationPoolName"]
    if pool != ip_pools.DEFAULT and (await ip_pools.existing(call, pool)).data["scaling"] == "MANAGED":
        raise Refusal("api.BadRequestException.managed-pool", resource=pool)
    await named.change(call, row, pool=pool)
    return {}


async def put_dedicated_ip_warmup_attributes(call: Call) -> Mapping[str, Any]:
    """Say how far the warm-up is; from there it goes on by itself."""
    percentage = call.input["WarmupPercentage"]
    if not 0 <= percentage <= 100:
        raise Refusal("api.BadRequestException.warm-up", resource=str(percentage))
    await named.change(call, await _existing(call), warm=percentage, since=call.now)
    return {}


async def _leased(call: Call) -> list[Resource]:
    """Every address that the settings lease, as far as it is there; those that are new begin cold."""
    for address in call.section.dedicated_ips:
        data = {"pool": ip_pools.DEFAULT, "warm": 0, "since": call.now}
        if not await call.services.store.resources.find(call.account.id, "ses", KIND, address):
            with suppress(DuplicateKeyError):  # another call did it at the same moment
                await call.services.store.resources.add(record(call.account, KIND, address, data))
    return [row for row in await named.rows(call, KIND) if row.key in call.section.dedicated_ips]


async def _existing(call: Call) -> Resource:
    for row in await _leased(call):
        if row.key == call.input["Ip"]:
            return row
    raise Refusal(_MISSING, resource=call.input["Ip"][:100])


def _shown(call: Call, row: Resource) -> dict[str, Any]:
    days = (call.now - row.data["since"]) / _DAY
    warm = min(100, int(row.data["warm"] + 100 * max(0.0, days) / WARM_UP_DAYS))
    status = "DONE" if warm == 100 else "IN_PROGRESS"
    return {"Ip": row.key, "WarmupStatus": status, "WarmupPercentage": warm, "PoolName": row.data["pool"]}


V2: Mapping[str, Handler] = {
    "GetDedicatedIp": get_dedicated_ip,
    "GetDedicatedIps": get_dedicated_ips,
    "PutDedicatedIpInPool": put_dedicated_ip_in_pool,
    "PutDedicatedIpWarmupAttributes": put_dedicated_ip_warmup_attributes,
}
