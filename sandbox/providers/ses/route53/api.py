"""Route 53's paths, and what its calls have around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox.core.catalog import ErrorEntry
from sandbox.core.services import Services
from sandbox.providers.ses import codes
from sandbox.providers.ses.edge import SesEdge, request_id
from sandbox.providers.ses.route53 import record_sets, zones
from sandbox.providers.ses.route53.xml import NAMESPACE
from sandbox.providers.ses.write_xml import write_error
from sandbox.wire.http import Api, Exchange, Operation

PREFIX = "/2013-04-01"
OPERATIONS = (
    Operation(name="CreateHostedZone", method="POST", path="/hostedzone", call=zones.create),
    Operation(name="ListHostedZones", method="GET", path="/hostedzone", call=zones.list_all),
    Operation(name="ListHostedZonesByName", method="GET", path="/hostedzonesbyname", call=zones.list_by_name),
    Operation(name="GetHostedZone", method="GET", path="/hostedzone/{Id}", call=zones.get),
    Operation(name="DeleteHostedZone", method="DELETE", path="/hostedzone/{Id}", call=zones.delete),
    Operation(name="ChangeResourceRecordSets", method="POST", path="/hostedzone/{Id}/rrset", call=record_sets.change),
    Operation(name="ListResourceRecordSets", method="GET", path="/hostedzone/{Id}/rrset", call=record_sets.list_all),
    Operation(name="GetChange", method="GET", path="/change/{Id}", call=zones.get_change),
)


class Route53Edge(SesEdge):
    """The edge of a global service, whose errors are XML."""

    services = frozenset({"route53"})

    def regions(self, exchange: Exchange) -> frozenset[str]:
        """A global service is signed for in one region; clients that have an endpoint sign for their own."""
        return frozenset({"us-east-1", exchange.state.region})

    def shape(self, exchange: Exchange, entry: ErrorEntry, text: str) -> Response:
        """`<ErrorResponse>` in the service's namespace."""
        code, status = codes.older(entry)
        body = write_error(NAMESPACE, sender=status < 500, code=code, text=text, request=request_id(exchange))
        return Response(body, entry.status, media_type="text/xml")


def pages(services: Services, section: Any) -> Sequence[BaseRoute]:
    """The API at its real path."""
    edge = Route53Edge(
        verify=section.verify_signatures and not services.permissive,
        requests_per_second=section.api_requests_per_second,
    )
    return [Api(services, provider="ses", section=section, prefix=PREFIX, operations=OPERATIONS, edge=edge)]
