"""What subscribers visit: the URLs that confirm or end a subscription, and the certificate that signatures need."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from sandbox.core.services import Services
from sandbox.providers.ses.model import load
from sandbox.providers.ses.sns import api
from sandbox.providers.ses.sns.certificate import served
from sandbox.providers.ses.write_xml import write, write_error

VISITS = frozenset({"ConfirmSubscription", "Unsubscribe"})


class Visit(BaseRoute):
    """`GET /?Action=…`, and nothing else of `GET /`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is such a visit."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return Match.NONE, {}
        action = Request(scope).query_params.get("Action")
        return (Match.FULL if action in VISITS else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it, and answer as the API does."""
        query = Request(scope).query_params
        if query["Action"] == "ConfirmSubscription":
            found = await api.visit_confirm(self._services, query.get("TopicArn", ""), query.get("Token", ""))
            answer = _answer(self._services, "ConfirmSubscription", {"SubscriptionArn": found.key} if found else None)
        else:
            gone = await api.visit_unsubscribe(self._services, query.get("SubscriptionArn", ""))
            answer = _answer(self._services, "Unsubscribe", {} if gone else None)
        await answer(scope, receive, send)


def pages(services: Services, section: Any) -> list[BaseRoute]:  # noqa: ARG001 - as every family's
    """The routes; none of them needs credentials: the token is one, and the certificate is public."""

    async def certificate(request: Request) -> Response:
        found = await served(services, request.path_params["name"])
        if found is None:
            return Response("no such certificate\n", 404, media_type="text/plain")
        return Response(found, media_type="application/x-pem-file")

    return [Visit(services), Route("/SimpleNotificationService-{name}.pem", certificate, methods=["GET"])]


def _answer(services: Services, operation: str, output: dict[str, str] | None) -> Response:
    model, request = load("sns"), services.accounts.ids.uuid()
    if output is None:
        row = "api.InvalidParameter.sns" if operation == "ConfirmSubscription" else "api.NotFound.subscription"
        entry = services.providers["ses"].catalog.get(row)
        text = entry.fill({"parameter": "Token"}, services.providers["ses"].wording)
        body = write_error(model.namespace, sender=True, code=entry.code, text=text, request=request)
        return Response(body, entry.status, media_type="text/xml")
    return Response(write(model, model.operation(operation), output, request), media_type="text/xml")
