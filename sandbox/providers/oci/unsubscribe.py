"""One-click unsubscription (RFC 8058): the address that the service puts into messages, and what answers there."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.core.accounts import Account
from sandbox.core.attempts import FollowUp
from sandbox.core.errors import NotFoundError
from sandbox.core.model import MessageRecord
from sandbox.core.services import Services
from sandbox.wire.http.forms import read_form
from sandbox.wire.http.pages import Pages
from sandbox.wire.secret import secret_of

PATH = "/oci/unsubscribe"
TOKEN = 1024
FIELD, VALUE = "List-Unsubscribe", "One-Click"
_MAC = 16
_PAGES = Pages(resources.files("sandbox.providers.oci").joinpath("unsubscribe.html"))


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
            return _PAGES.page("unknown", 404)
        return _PAGES.page("ask", recipient=found.recipient, sender=found.message.sender)

    async def unsubscribe(request: Request) -> Response:
        form = await read_form(request)
        if form is None or form.get(FIELD) != [VALUE]:
            return _PAGES.page("malformed", 400)
        found = await _find(services, request.path_params["token"])
        if found is None:
            return _PAGES.page("unknown", 404)
        await _suppress(services, found, request.headers.get("user-agent", ""))
        return _PAGES.page("done", recipient=found.recipient, sender=found.message.sender)

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
    secret = await secret_of(services, "oci")
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
