"""The paths of the APIs, and which families of operations there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from starlette.routing import BaseRoute

from sandbox.core.services import Services
from sandbox.providers.ses import operations
from sandbox.providers.ses.call import Handler
from sandbox.providers.ses.edge import QueryEdge, SesEdge
from sandbox.providers.ses.model import Name
from sandbox.wire.http import Api

FAMILIES: Sequence[str] = (
    "account",
    "certificates",
    "configuration_sets",
    "configuration_sets_older",
    "contacts",
    "dedicated_ips",
    "deliverability",
    "event_destinations",
    "export_jobs",
    "identities",
    "identities_older",
    "identity_notices",
    "identity_policies",
    "import_jobs",
    "insights",
    "ip_pools",
    "mail_from_domains",
    "metrics",
    "receiving.filters",
    "receiving.rule_sets",
    "receiving.rules",
    "receiving.send_bounce",
    "recommendations",
    "region_endpoints",
    "reputation",
    "route53.api",
    "sending",
    "signing_keys",
    "sns.api",
    "sns.pages",
    "statistics",
    "suppression",
    "tags",
    "templated",
    "templates",
    "unsubscribing",
    "verification_templates",
    "visits",
    "verification_mail",
    "tenant_resources",
    "tenants",
    "test_reports",
)
"""Modules with tables of handlers, `V1`, `V2`, `SNS`, by AWS operation name; `pages` makes routes outside the APIs."""
PREFIXES = ("/v2/email", "/v1/email")
"""Where API v2 is; one operation of earlier SDKs is under the second."""


def handlers(name: Name) -> Mapping[str, Handler]:
    """Every operation of an API that is emulated."""
    found: dict[str, Handler] = {}
    for family in _families():
        table: Mapping[str, Handler] = getattr(family, name.upper(), {})
        if twice := set(table) & set(found):
            raise ValueError(f"{family.__name__}: {', '.join(sorted(twice))} stands in another family as well")
        found.update(table)
    return found


def routes(services: Services, section: Any) -> Sequence[BaseRoute]:
    """Both APIs, and what mails link to."""
    verify = section.verify_signatures and not services.permissive
    rate = section.api_requests_per_second
    edge, query = (kind(verify=verify, requests_per_second=rate) for kind in (SesEdge, QueryEdge))
    table = handlers("v2")
    apis = [
        Api(
            services,
            provider="ses",
            section=section,
            prefix=prefix,
            operations=operations.rest(table, prefix),
            edge=edge,
        )
        for prefix in PREFIXES
    ]
    root = operations.query({"v1": handlers("v1"), "sns": handlers("sns")})
    older = Api(services, provider="ses", section=section, prefix="", operations=[root], edge=query, exact=True)
    pages = [page for family in _families() if hasattr(family, "pages") for page in family.pages(services, section)]
    return [*apis, older, *pages]


def _families() -> list[ModuleType]:
    return [import_module(f"{__package__}.{family}") for family in FAMILIES]
