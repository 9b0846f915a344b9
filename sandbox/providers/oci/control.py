"""The control plane, `/20170907`: its table of operations, and the configuration that one of them tells."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.core.errors import Condition, Refusal
from sandbox.providers.oci import compartments, regions, senders, suppressions
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20170907"
METHODS = ("GET", "POST", "PUT", "DELETE")
NOT_EMULATED = ("emailDomains", "dkims", "emailReturnPaths", "emailIpPools", "emailOutboundIps", "workRequests")
"""Collections of the real service that have no room here yet."""


async def get_configuration(exchange: Exchange) -> Response:
    """Where this sandbox takes mail; the compartment must be the root one, as the service demands."""
    identity = await compartments.identity(exchange)
    compartments.require_tenancy(exchange, identity, exchange.query["compartmentId"])
    endpoints = exchange.services.endpoints
    listeners = endpoints.get("smtp", {}).get("oci", [])
    smtp = f"{listeners[0]['host']}:{listeners[0]['port']}" if listeners else ""
    region = regions.name(exchange.section.region)
    return answer(
        {
            "compartmentId": identity.tenancy,
            "httpSubmitEndpoint": endpoints.get("http") or f"https://cell0.submit.email.{region}.oci.{regions.DOMAIN}",
            "smtpSubmitEndpoint": smtp or f"smtp.email.{region}.oci.{regions.DOMAIN}",
        }
    )


async def not_emulated(exchange: Exchange) -> Response:
    """An operation that the service has and the sandbox has not."""
    raise Refusal(Condition.NOT_EMULATED, resource=exchange.path)


CONFIGURATION = (
    Operation(
        name="getEmailConfiguration",
        method="GET",
        path="/configuration",
        call=get_configuration,
        required=("compartmentId",),
    ),
)
_SHAPES = ("/{0}", "/{0}/{{id}}", "/{0}/{{id}}/{{part}}", "/{0}/{{id}}/actions/{{action}}")
_MISSING = tuple(
    Operation(name="notEmulated", method=method, path=shape.format(collection), call=not_emulated)
    for collection in NOT_EMULATED
    for method in METHODS
    for shape in _SHAPES
) + tuple(
    Operation(name=name, method="POST", path=f"/senders/{{senderId}}/actions/{action}", call=not_emulated)
    for name, action in (("addSenderLock", "addLock"), ("removeSenderLock", "removeLock"))
)
OPERATIONS = (*senders.OPERATIONS, *suppressions.OPERATIONS, *CONFIGURATION, *_MISSING)
