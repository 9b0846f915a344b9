"""Pools of dedicated IP addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import named
from sandbox.providers.ses.call import Call, Handler

KIND = "dedicated-ip-pool"
DEFAULT = "ses-default-dedicated-pool"
"""The pool of addresses that are in no other; it needs not be made and can't be deleted."""
POOLS = 50
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_MISSING = "api.NotFoundException.pool"


async def create_dedicated_ip_pool(call: Call) -> Mapping[str, Any]:
    """Make an empty pool."""
    name = call.input["PoolName"]
    if not _NAME.fullmatch(name):
        raise Refusal("api.BadRequestException.pool-name", resource=name[:100])
    if len(await named.rows(call, KIND)) >= POOLS:
        raise Refusal("api.LimitExceededException.rest", parameter="dedicated IP pools", limit=POOLS)
    data = {"scaling": call.input.get("ScalingMode", "STANDARD"), "tags": call.input.get("Tags", [])}
    if name == DEFAULT:
        raise Refusal("api.AlreadyExistsException.pool", resource=name)
    await named.add(call, KIND, name, data, "api.AlreadyExistsException.pool")
    return {}


async def get_dedicated_ip_pool(call: Call) -> Mapping[str, Any]:
    """One pool."""
    name = call.input["PoolName"]
    scaling = "STANDARD" if name == DEFAULT else (await existing(call, name)).data["scaling"]
    return {"DedicatedIpPool": {"PoolName": name, "ScalingMode": scaling}}


async def list_dedicated_ip_pools(call: Call) -> Mapping[str, Any]:
    """The names of the pools."""
    found = sorted(await named.rows(call, KIND), key=lambda row: row.key)
    return named.listing(call, "DedicatedIpPools", found, lambda row: row.key)


async def delete_dedicated_ip_pool(call: Call) -> Mapping[str, Any]:
    """Delete a pool; its addresses go back to the default one."""
    pool = await existing(call, call.input["PoolName"])
    for address in await named.rows(call, "dedicated-ip"):
        if address.data["pool"] == pool.key:
            await named.change(call, address, pool=DEFAULT)
    await call.services.store.resources.remove(pool)
    return {}


async def put_dedicated_ip_pool_scaling_attributes(call: Call) -> Mapping[str, Any]:
    """Let the service manage a pool; there is no way back."""
    pool = await existing(call, call.input["PoolName"])
    if pool.data["scaling"] == "MANAGED" and call.input["ScalingMode"] == "STANDARD":
        raise Refusal("api.BadRequestException.pool-scaling", resource=pool.key)
    await named.change(call, pool, scaling=call.input["ScalingMode"])
    return {}


async def check(call: Call, options: Mapping[str, Any]) -> None:
    """Refuse delivery options of a configuration set with a pool that there is not."""
    name = options.get("SendingPoolName")
    if name and name != DEFAULT:
        await existing(call, name)


async def existing(call: Call, name: str) -> Resource:
    """The pool of a name."""
    return await named.existing(call, KIND, name, _MISSING)


V2: Mapping[str, Handler] = {
    "CreateDedicatedIpPool": create_dedicated_ip_pool,
    "DeleteDedicatedIpPool": delete_dedicated_ip_pool,
    "GetDedicatedIpPool": get_dedicated_ip_pool,
    "ListDedicatedIpPools": list_dedicated_ip_pools,
    "PutDedicatedIpPoolScalingAttributes": put_dedicated_ip_pool_scaling_attributes,
}
