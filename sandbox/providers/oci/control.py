"""The control plane, `/20170907`: its table of operations, and the configuration that one of them tells."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.providers.oci import (
    authorization,
    compartments,
    dkims,
    email_domains,
    ip_pools,
    regions,
    return_paths,
    senders,
    suppressions,
    work_requests,
)
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20170907"


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


CONFIGURATION = (
    Operation(
        name="getEmailConfiguration",
        method="GET",
        path="/configuration",
        call=get_configuration,
        required=("compartmentId",),
    ),
)
_ALL = (
    *senders.OPERATIONS,
    *suppressions.OPERATIONS,
    *email_domains.OPERATIONS,
    *dkims.OPERATIONS,
    *return_paths.OPERATIONS,
    *ip_pools.OPERATIONS,
    *work_requests.OPERATIONS,
    *CONFIGURATION,
)
OPERATIONS = authorization.guarded(_ALL)
