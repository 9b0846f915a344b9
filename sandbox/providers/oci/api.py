"""The paths of OCI's HTTP APIs: which table of operations answers under which prefix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute

from sandbox.core.services import Services
from sandbox.providers.oci import (
    control,
    dns_control,
    identity_control,
    log_groups,
    log_search,
    metrics,
    submit,
    unsubscribe,
)
from sandbox.providers.oci.edge import OciEdge
from sandbox.wire.http import Api


def routes(services: Services, section: Any) -> Sequence[BaseRoute]:
    """Every API, which count a user's requests together, and the unsubscription page."""
    edge = OciEdge(
        verify=section.verify_signatures and not services.permissive,
        requests_per_second=section.api_requests_per_second,
    )
    tables = {
        api.PREFIX: api.OPERATIONS
        for api in (submit, control, identity_control, dns_control, metrics, log_search, log_groups)
    }
    apis = [
        Api(services, provider="oci", section=section, prefix=prefix, operations=operations, edge=edge)
        for prefix, operations in tables.items()
    ]
    return [*apis, *unsubscribe.routes(services)]
