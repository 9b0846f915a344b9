"""The DNS service, `/20180115`: its table of operations."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.core.errors import Condition, Refusal
from sandbox.providers.oci import dns_records, dns_zones
from sandbox.wire.http import Exchange, Operation

PREFIX = dns_zones.PREFIX
NOT_EMULATED = (
    "steeringPolicies",
    "steeringPolicyAttachments",
    "tsigKeys",
    "views",
    "resolvers",
    "zoneTransferServers",
)
"""Collections of the real service that have no room here."""
METHODS = ("GET", "POST", "PUT", "DELETE")


async def not_emulated(exchange: Exchange) -> Response:
    """An operation that the service has and the sandbox has not."""
    raise Refusal(Condition.NOT_EMULATED, resource=exchange.path)


_SHAPES = ("/{0}", "/{0}/{{id}}", "/{0}/{{id}}/{{part}}", "/{0}/{{id}}/{{part}}/{{name}}")
_MISSING = tuple(
    Operation(name="notEmulated", method=method, path=shape.format(collection), call=not_emulated)
    for collection in NOT_EMULATED
    for method in METHODS
    for shape in _SHAPES
) + tuple(
    Operation(name=name, method=method, path=path, call=not_emulated)
    for name, method, path in (
        ("getZoneContent", "GET", "/zones/{zoneNameOrId}/content"),
        ("stageZoneDnssecKeyVersion", "POST", "/zones/{zoneId}/actions/stageDnssecKeyVersion"),
        ("promoteZoneDnssecKeyVersion", "POST", "/zones/{zoneId}/actions/promoteDnssecKeyVersion"),
        ("createZoneFromZoneFile", "POST", "/actions/createZoneFromZoneFile"),
    )
)
OPERATIONS = (*dns_zones.OPERATIONS, *dns_records.OPERATIONS, *_MISSING)
