"""What the tracking picture and the tracked links answer: an open or a click is counted, and nobody is led astray."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from sandbox.core.accounts import Account
from sandbox.core.attempts import FollowUp
from sandbox.core.errors import NotFoundError
from sandbox.core.model import MessageRecord
from sandbox.core.services import Services
from sandbox.providers.ses.links import Link
from sandbox.providers.ses.tracking import CLICK, OPEN, links_of, proof_of, proving
from sandbox.wire.http.exchange import target_of

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one pixel."""
_POSITION = re.compile(r"0|[1-9][0-9]{0,3}")
_ALIKE = ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff")


def pages(services: Services, section: Any) -> list[BaseRoute]:  # noqa: ARG001 - as every family's
    """The picture and the links."""
    return [Tracked(services)]


class Tracked(BaseRoute):
    """`GET /I0/…` and `GET /L0/…`, whose paths are read as they came: a link stands in one segment."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for a picture or a link."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return Match.NONE, {}
        first = target_of(scope).partition("?")[0].lstrip("/").partition("/")[0]
        return (Match.FULL if first in (*OPEN, *CLICK) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count it, and answer with the picture or the way to the link."""
        request = Request(scope)
        kind, *rest = target_of(scope).partition("?")[0].strip("/").split("/")
        answer = await (self._opened(request, rest) if kind in OPEN else self._clicked(request, rest))
        await answer(scope, receive, send)

    async def _opened(self, request: Request, rest: list[str]) -> Response:
        found = await self._find(*rest) if len(rest) == 2 else None
        if found is None:
            return _unknown()
        if request.method == "GET":
            await self._record(found, FollowUp.OPEN, _visitor(request))
        return Response(PIXEL, headers=dict(_ALIKE), media_type="image/gif")

    async def _clicked(self, request: Request, rest: list[str]) -> Response:
        found = await self._find(*rest[-2:]) if len(rest) == 4 and rest[1].isdecimal() else None
        link = await self._link(found, int(rest[1][:6]), unquote(rest[0])) if found else None
        if found is None or link is None:
            return _unknown()
        if request.method == "GET":
            tags = {name: list(values) for name, values in link.tags.items()}
            await self._record(
                found, FollowUp.CLICK, {**_visitor(request), "link": link.url, "link_tags": tags or None}
            )
        headers = {**dict(_ALIKE), "Location": quote(link.url, safe="%/:=&?~#+!$,;'@()*[]")}
        return Response(status_code=302, headers=headers)

    async def _find(self, envelope_id: str, proof: str) -> tuple[Account, MessageRecord, str] | None:
        """Account, message and recipient that an address is of; None for one that was not given out."""
        mac, _, position = proof.rpartition("=")
        secret = await proving(self._services)
        if not _POSITION.fullmatch(position):
            return None
        for account in self._services.accounts.all():
            message = await self._services.store.messages.by_envelope(account.id, "ses", envelope_id)
            if message and hmac.compare_digest(mac.encode(), proof_of(secret, message, int(position)).encode()):
                known = [one.address for one in message.recipients if one.position == int(position)]
                return (account, message, known[0]) if known else None
        return None

    async def _link(self, found: tuple[Account, MessageRecord, str], number: int, url: str) -> Link | None:
        """The link of this number, if it is the one asked for: nobody is sent anywhere else."""
        raw = await self._services.store.messages.raw(found[0].id, found[1].id)
        links = await asyncio.to_thread(links_of, raw or b"")
        return next((link for link in links if (link.number, link.url) == (number, url)), None)

    async def _record(self, found: tuple[Account, MessageRecord, str], what: FollowUp, data: dict[str, Any]) -> None:
        account, message, recipient = found
        try:
            await self._services.delivery.simulate(account, message.id, recipient, what, data=data)
        except NotFoundError:  # deleted in between
            return


def _visitor(request: Request) -> dict[str, Any]:
    client = request.client.host if request.client else ""
    return {"ip_address": client, "user_agent": request.headers.get("user-agent", "")[:400]}


def _unknown() -> Response:
    return Response("no such link\n", 404, headers=dict(_ALIKE), media_type="text/plain")
