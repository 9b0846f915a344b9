"""What subscribers visit: the URLs that confirm or end a subscription, and the certificate that signatures need."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.core.services import Services
from sandbox.providers.ses.model import load
from sandbox.providers.ses.sns import api
from sandbox.providers.ses.sns.certificate import served
from sandbox.providers.ses.sns.publishing import PATH
from sandbox.providers.ses.write_xml import write, write_error


def pages(services: Services, section: Any) -> list[BaseRoute]:  # noqa: ARG001 - as every family's
    """The routes; none of them needs credentials: the token is one, and the certificate is public."""

    async def visit(request: Request) -> Response:
        query = request.query_params
        if query.get("Action") == "Unsubscribe":
            gone = await api.visit_unsubscribe(services, query.get("SubscriptionArn", ""))
            return _answer(services, "Unsubscribe", {} if gone else None)
        found = await api.visit_confirm(services, query.get("TopicArn", ""), query.get("Token", ""))
        return _answer(services, "ConfirmSubscription", {"SubscriptionArn": found.key} if found else None)

    async def certificate(request: Request) -> Response:
        found = await served(services, request.path_params["name"])
        if found is None:
            return Response("no such certificate\n", 404, media_type="text/plain")
        return Response(found, media_type="application/x-pem-file")

    return [
        Route(PATH, visit, methods=["GET"]),
        Route("/SimpleNotificationService-{name}.pem", certificate, methods=["GET"]),
    ]


def _answer(services: Services, operation: str, output: dict[str, str] | None) -> Response:
    model, request = load("sns"), services.accounts.ids.uuid()
    if output is None:
        row = "api.InvalidParameter.sns" if operation == "ConfirmSubscription" else "api.NotFound.subscription"
        entry = services.providers["ses"].catalog.get(row)
        text = entry.fill({"parameter": "Token"}, services.providers["ses"].wording)
        body = write_error(model.namespace, sender=True, code=entry.code, text=text, request=request)
        return Response(body, entry.status, media_type="text/xml")
    return Response(write(model, model.operation(operation), output, request), media_type="text/xml")
