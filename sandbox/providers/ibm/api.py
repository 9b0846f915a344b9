"""The paths of the service's APIs: which table of operations answers under which prefix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox.core.errors import Condition, Refusal
from sandbox.core.services import Services
from sandbox.providers.ibm import answers, configurations, identity, metrics, users
from sandbox.providers.ibm.edge import IamEdge, IbmEdge
from sandbox.wire.http import Api, Exchange, Operation

PREFIXES = ("/event-notifications/v1/instances", "/v1/instances")
"""The service's own URL has `/event-notifications` in it; one that a client is pointed at need not."""
ELSEWHERE = ("topics", "destinations", "subscriptions", "sources", "templates", "integrations", "notifications")
"""What Event Notifications has besides the SMTP interface."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def not_emulated(_: Exchange) -> Response:
    """An operation of another part of Event Notifications."""
    raise Refusal(Condition.NOT_EMULATED)


OPERATIONS = (
    *configurations.OPERATIONS,
    *users.OPERATIONS,
    *metrics.OPERATIONS,
    *(
        Operation(name="notEmulated", method=method, path=f"/{{instance_id}}/{what}{rest}", call=not_emulated)
        for what in ELSEWHERE
        for rest in ("", "/{id}", "/{id}/{part}", "/{id}/{part}/{number}")
        for method in METHODS
    ),
)


def routes(services: Services, section: Any) -> Sequence[BaseRoute]:
    """The service's API under both prefixes, and the token endpoint of IAM."""
    edge = IbmEdge(verify=section.verify_tokens and not services.permissive, problem=answers.problem)
    apis = [
        Api(services, provider="ibm", section=section, prefix=prefix, operations=OPERATIONS, edge=edge)
        for prefix in PREFIXES
    ]
    iam = Api(
        services,
        provider="ibm",
        section=section,
        prefix=identity.PREFIX,
        operations=identity.OPERATIONS,
        edge=IamEdge(),
    )
    return [*apis, iam]
