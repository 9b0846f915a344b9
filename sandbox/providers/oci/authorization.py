"""Which policy an operation of the control plane needs, and its refusal without one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.providers.oci import compartments, lifecycle, policies
from sandbox.wire.http import Exchange, Operation

RESOURCES: Mapping[str, str] = {
    "senders": "approved-senders",
    "suppressions": "suppressions",
    "emailDomains": "email-domains",
    "dkims": "email-domains",
    "emailReturnPaths": "email-domains",
    "emailIpPools": "email-ip-pools",
    "emailOutboundIps": "email-ip-pools",
    "configuration": "email-domains",
    "workRequests": "email-work-requests",
    "users": "users",
    "groups": "groups",
    "userGroupMemberships": "groups",
    "policies": "policies",
    "compartments": "compartments",
    "tenancies": "tenancies",
    "regions": "",
    "metrics": "metrics",
    "search": "log-content",
    "logGroups": "log-groups",
}
"""First part of the path → resource type of policies; empty: everybody may."""
_OWN = ("smtpCredentials", "apiKeys")
"""Credentials, which users may manage for themselves without a policy."""
_READING = ("summarizeMetricsData", "listMetrics", "search")


def guarded(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """The operations, each of which brings states up to the clock and asks for permission before it is performed."""
    return tuple(replace(operation, call=_guard(operation)) for operation in operations)


def _guard(operation: Operation) -> Callable[[Exchange], Awaitable[Response]]:
    async def call(exchange: Exchange) -> Response:
        if not exchange.services.permissive:
            await _require(exchange, operation)
        await lifecycle.settle(exchange.services, exchange.account)
        return await operation.call(exchange)

    return call


async def _require(exchange: Exchange, operation: Operation) -> None:
    assert exchange.principal is not None
    parts = operation.path.strip("/").split("/")
    resource = RESOURCES[parts[0]]
    if not resource or (set(parts) & set(_OWN) and exchange.parameters.get("userId") == exchange.user):
        return
    own = await compartments.identity(exchange)
    place = exchange.query.get("compartmentId") or await _place(exchange) or own.compartment
    verb = _verb(operation)
    if not await policies.allowed(exchange.services, exchange.account, exchange.principal, verb, resource, place):
        raise Refusal(compartments.HIDDEN)


def _verb(operation: Operation) -> str:
    if operation.method == "GET" or operation.name in _READING:
        return "inspect" if operation.name.startswith("list") else "read"
    return "use" if operation.method == "PUT" else "manage"


async def _place(exchange: Exchange) -> str | None:
    """The compartment of the resource that the path names, else the one that the body names."""
    kinds: Mapping[str, str] = {
        "senderId": "sender", "suppressionId": "suppression", "emailDomainId": "email-domain", "dkimId": "dkim",
        "emailReturnPathId": "return-path", "emailIpPoolId": "ip-pool", "workRequestId": "work-request",
    }  # fmt: skip
    for parameter, value in exchange.parameters.items():
        if parameter in kinds:
            row = await exchange.services.store.resources.get(exchange.account.id, "oci", kinds[parameter], value)
            return str(row.data["compartmentId"]) if row else None
    try:
        found = json.loads(exchange.body).get("compartmentId")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None
