"""One-click unsubscription (RFC 8058): the address that the service puts into messages, and what answers there."""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from html import escape
from importlib import resources
from string import Template
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.core.accounts import Account
from sandbox.core.attempts import FollowUp
from sandbox.core.errors import NotFoundError
from sandbox.core.model import MessageRecord
from sandbox.core.services import Services
from sandbox.providers.oci import keys

PATH = "/oci/unsubscribe"
BODY = 4096
"""Octets of a request's body; `List-Unsubscribe=One-Click` has 26."""
BODY_SECONDS = 10.0
"""Real seconds that a client may take to send its body."""
TOKEN = 1024
FIELD, VALUE = "List-Unsubscribe", "One-Click"
_MAC = 16
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a token stands for."""

    account: Account
    message: MessageRecord
    recipient: str


def address_of(services: Services, secret: str, message: MessageRecord, recipient: str) -> str:
    """The unsubscription address of one recipient: HTTPS, as RFC 8058 asks for."""
    root = services.endpoints.get("https", "https://localhost")
    position = next((one.position for one in message.recipients if one.address == recipient), 0)
    payload = f"{message.account}/{message.id}/{position}".encode()
    return f"{root}{PATH}/{urlsafe_b64encode(_mac(secret, payload) + payload).decode().rstrip('=')}"


def routes(services: Services) -> list[BaseRoute]:
    """GET shows a page that asks, POST unsubscribes; neither needs credentials, the token is one."""

    async def ask(request: Request) -> Response:
        found = await _find(services, request.path_params["token"])
        if found is None:
            return _page("unknown", 404)
        return _page("ask", recipient=found.recipient, sender=found.message.sender)

    async def unsubscribe(request: Request) -> Response:
        if not await _is_one_click(request):
            return _page("malformed", 400)
        found = await _find(services, request.path_params["token"])
        if found is None:
            return _page("unknown", 404)
        await _suppress(services, found, request.headers.get("user-agent", ""))
        return _page("done", recipient=found.recipient, sender=found.message.sender)

    path = PATH + "/{token}"
    return [Route(path, ask, methods=["GET"]), Route(path, unsubscribe, methods=["POST"])]


async def _suppress(services: Services, found: Subscription, agent: str) -> None:
    """Put the recipient on the suppression list; doing it twice is no error and no second event."""
    key = found.recipient.lower()
    if await services.store.resources.find(found.account.id, "oci", "suppression", key) is None:
        data = {"user_agent": agent[:400]}
        await services.delivery.simulate(
            found.account, found.message.id, found.recipient, FollowUp.UNSUBSCRIBE, data=data
        )


async def _find(services: Services, token: str) -> Subscription | None:
    """What a token stands for; None for one that is not ours, or whose message is gone."""
    secret = await asyncio.to_thread(keys.secret, services.files / "oci", services.accounts.ids.hex(64))
    try:
        octets = urlsafe_b64decode(token[:TOKEN] + "=" * (-len(token) % 4))
        mac, payload = octets[:_MAC], octets[_MAC:]
        if not hmac.compare_digest(mac, _mac(secret, payload)):
            return None
        owner, name, position = payload.decode("ascii").split("/")
        account = services.accounts.get(owner)
    except (binascii.Error, ValueError, NotFoundError):
        return None
    message = await services.store.messages.get(account.id, name)
    known = [one.address for one in message.recipients if one.position == int(position)] if message else []
    return Subscription(account=account, message=message, recipient=known[0]) if message and known else None


def _mac(secret: str, payload: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"unsubscribe/" + payload, hashlib.sha256)[:_MAC]


async def _is_one_click(request: Request) -> bool:
    """Whether the body is the form of RFC 8058 section 3.1, url-encoded or multipart."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY:
                    return False
    except (ClientDisconnect, TimeoutError):
        return False
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/form-data"):
        return _multipart_value(kind, bytes(body)) == VALUE
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=10)).get(FIELD) == VALUE
    except ValueError:
        return False


def _multipart_value(kind: str, body: bytes) -> str:
    """The value of the one field that counts; empty when there is none."""
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    for part in message.get_payload() if message.is_multipart() else ():
        if isinstance(part, Message) and part.get_param("name", header="content-disposition") == FIELD:
            return str(part.get_payload()).strip()
    return ""


def _page(name: str, status: int = 200, **values: str) -> Response:
    """One of the pages of `unsubscribe.html`, which holds them all, divided by comments with their names."""
    text = resources.files("sandbox.providers.oci").joinpath("unsubscribe.html").read_text(encoding="utf-8")
    head, *parts = text.split("<!-- page ")
    pages = {title: body for title, _, body in (part.partition(" -->") for part in parts)}
    body = Template(pages[name]).substitute({key: escape(value) for key, value in values.items()})
    return Response(head + body, status, headers=_HEADERS, media_type="text/html; charset=utf-8")
