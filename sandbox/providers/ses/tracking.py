"""Counts opens and clicks: a picture and links in the delivered copy that lead to the sandbox, and what they answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from sandbox.core.accounts import Account
from sandbox.core.attempts import FollowUp
from sandbox.core.errors import NotFoundError
from sandbox.core.model import MessageRecord, Resource
from sandbox.core.raw_fields import with_crlf
from sandbox.core.services import Services
from sandbox.providers.ses import configuration_sets, html_parts
from sandbox.providers.ses.links import Link, listed, rewritten
from sandbox.providers.ses.provision import SECRET_FILE
from sandbox.wire.http.exchange import target_of

PLACEHOLDER = "{{ses:openTracker}}"
OPEN, CLICK = ("I0", "CI0"), ("L0", "CL0")
"""First segment of the picture's and of the links' paths: on the service's own domain, on a domain of the customer."""
_POSITION = re.compile(r"0|[1-9][0-9]{0,3}")
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one pixel."""
_ALIKE = ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff")


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """What is counted of one recipient's copy, and under which addresses."""

    opens: bool
    clicks: bool
    open_root: str
    link_roots: Mapping[str, str]
    """By the scheme of the link."""
    custom: bool
    token: str
    """SES message id, proof and recipient, as they end each address."""

    def edit(self, kind: str, text: str, first: int) -> tuple[str, int]:
        """A text of the message as it is delivered, and the number of its next link."""
        number = first
        if kind == "html" and self.clicks:
            text, number = rewritten(text, self._tracked, first)
        before, placed, after = text.partition(PLACEHOLDER)
        after = after.replace(PLACEHOLDER, "")
        if kind != "html" or not self.opens:
            return before + after, number
        if placed:
            return before + self._picture() + after, number
        end = text.lower().rfind("</body>")
        return (text[:end] + self._picture() + text[end:] if end >= 0 else text + self._picture()), number

    def _tracked(self, link: Link) -> str:
        root = self.link_roots[link.url.partition(":")[0].lower()]
        return f"{root}/{CLICK[self.custom]}/{quote(link.url, safe=':=,;~')}/{link.number}/{self.token}"

    def _picture(self) -> str:
        source = f"{self.open_root}/{OPEN[self.custom]}/{self.token}"
        return f'<img alt="" src="{source}" style="display: none; width: 1px; height: 1px;">'


async def tracker(services: Services, account: Account, message: MessageRecord, recipient: str) -> Tracker | None:
    """What is tracked of a copy; None when its configuration set, or the call that sent it, wants nothing tracked."""
    name = message.attributes.get("configuration_set")
    found = await configuration_sets.get(services, account, str(name)) if name else None
    wish = message.attributes.get("tracking") or {}
    opens = _wanted(found, "OPEN", wish.get("OpenTrackingEnabled"))
    clicks = _wanted(found, "CLICK", wish.get("ClickTrackingEnabled"))
    if found is None or not (opens or clicks):
        return None
    return await _tracker(services, message, recipient, found, opens=opens, clicks=clicks)


async def _tracker(
    services: Services, message: MessageRecord, recipient: str, found: Resource, *, opens: bool, clicks: bool
) -> Tracker:
    options = found.data.get("TrackingOptions", {})
    domain, policy = options.get("CustomRedirectDomain"), options.get("HttpsPolicy", "OPTIONAL")
    plain = f"http://{domain}" if domain else str(services.endpoints["http"])
    secure = f"https://{domain}" if domain else str(services.endpoints["http"])
    position = next((one.position for one in message.recipients if one.address == recipient), 0)
    proof = _proof(await secret_of(services), message, position)
    return Tracker(
        opens=opens,
        clicks=clicks,
        open_root=plain if policy == "OPTIONAL" else secure,
        link_roots={"https": secure, "http": secure if policy == "REQUIRE" else plain},
        custom=bool(domain),
        token=f"{message.envelope_id}/{proof}={position}",
    )


def _wanted(found: Resource | None, kind: str, override: str | None) -> bool:
    """Whether a kind of event is tracked: an event destination or the dashboard wants it, unless the call objects."""
    if override is not None:
        return override == "ENABLED"
    dashboard = found.data.get("VdmOptions", {}).get("DashboardOptions", {}) if found else {}
    if dashboard.get("EngagementMetrics") == "ENABLED":
        return True
    told = found.data["destinations"] if found else ()
    return any(one["Enabled"] and kind in one["MatchingEventTypes"] for one in told)


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
        secret = await secret_of(self._services)
        if not _POSITION.fullmatch(position):
            return None
        for account in self._services.accounts.all():
            message = await self._services.store.messages.by_envelope(account.id, "ses", envelope_id)
            if message and hmac.compare_digest(mac.encode(), _proof(secret, message, int(position)).encode()):
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


def links_of(raw: bytes) -> list[Link]:
    """Every link of a message, numbered through."""
    found: list[Link] = []
    for kind, text in html_parts.texts(with_crlf(raw)):
        if kind == "html":
            found += listed(text, len(found) + 1)
    return found


def _visitor(request: Request) -> dict[str, Any]:
    client = request.client.host if request.client else ""
    return {"ip_address": client, "user_agent": request.headers.get("user-agent", "")[:400]}


def _unknown() -> Response:
    return Response("no such link\n", 404, headers=dict(_ALIKE), media_type="text/plain")


async def secret_of(services: Services) -> bytes:
    """The sandbox's secret, which proves that an address was given out by it."""
    return await asyncio.to_thread((services.files / "ses" / SECRET_FILE).read_bytes)


def _proof(secret: bytes, message: MessageRecord, position: int) -> str:
    said = f"tracking/{message.account}/{message.id}/{position}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, said, hashlib.sha256)[:20]).decode("ascii").rstrip("=")
