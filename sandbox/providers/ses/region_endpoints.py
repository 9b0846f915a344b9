"""Multi-region endpoints: a name for this region and another one; both are this sandbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import named
from sandbox.providers.ses.call import Call, Handler

KIND = "multi-region-endpoint"
ENDPOINTS = 10
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_MISSING = "api.NotFoundException.endpoint"


async def create_multi_region_endpoint(call: Call) -> Mapping[str, Any]:
    """Make an endpoint; it is ready at once."""
    name, routes = call.input["EndpointName"], call.input["Details"]["RoutesDetails"]
    other = routes[0]["Region"] if len(routes) == 1 else ""
    if not _REGION.fullmatch(other) or other == call.region:
        raise Refusal("api.BadRequestException.endpoint-routes", resource=name)
    if len(await named.rows(call, KIND)) >= ENDPOINTS:
        raise Refusal("api.LimitExceededException.rest", parameter="multi-region endpoints", limit=ENDPOINTS)
    ids = call.account.ids
    data = {
        "id": f"{ids.alphanumeric(10)}.{ids.alphanumeric(3)}",
        "regions": [call.region, other],
        "tags": call.input.get("Tags", []),
    }
    row = await named.add(call, KIND, name, data, "api.AlreadyExistsException.endpoint")
    return {"Status": "CREATING", "EndpointId": row.data["id"]}


async def get_multi_region_endpoint(call: Call) -> Mapping[str, Any]:
    """One endpoint."""
    row = await _existing(call)
    return {**_shown(row), "Routes": [{"Region": region} for region in row.data["regions"]]}


async def list_multi_region_endpoints(call: Call) -> Mapping[str, Any]:
    """Every endpoint."""
    found = await named.rows(call, KIND)
    return named.listing(
        call, "MultiRegionEndpoints", found, lambda row: {**_shown(row), "Regions": row.data["regions"]}
    )


async def delete_multi_region_endpoint(call: Call) -> Mapping[str, Any]:
    """Delete an endpoint."""
    await call.services.store.resources.remove(await _existing(call))
    return {"Status": "DELETING"}


async def _existing(call: Call) -> Resource:
    return await named.existing(call, KIND, call.input["EndpointName"], _MISSING)


def _shown(row: Resource) -> dict[str, Any]:
    return {
        "EndpointName": row.key,
        "EndpointId": row.data["id"],
        "Status": "READY",
        "CreatedTimestamp": row.created,
        "LastUpdatedTimestamp": row.updated,
    }


V2: Mapping[str, Handler] = {
    "CreateMultiRegionEndpoint": create_multi_region_endpoint,
    "DeleteMultiRegionEndpoint": delete_multi_region_endpoint,
    "GetMultiRegionEndpoint": get_multi_region_endpoint,
    "ListMultiRegionEndpoints": list_multi_region_endpoints,
}
