"""The page on which recipients manage what they get, and one-click unsubscription (RFC 8058)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from html import escape
from importlib import resources
from string import Template
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.core.services import Services
from sandbox.providers.ses import opting_out, subscriptions
from sandbox.providers.ses.opting_out import PATH, Membership
from sandbox.providers.ses.tracking import secret_of

BODY = 16_384
"""Octets of a form."""
BODY_SECONDS = 10.0
"""Real seconds that a client may take to send it."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Form = dict[str, list[str]]


def pages(services: Services, section: Any) -> list[BaseRoute]:  # noqa: ARG001 - as every family's
    """GET shows the preferences, POST changes them; neither needs credentials, the token is one."""

    async def ask(request: Request) -> Response:
        member = await _member(services, request)
        return _page("unknown", 404) if member is None else _preferences(member)

    async def change(request: Request) -> Response:
        form = await _form(request)
        if form is None or not (form.get("List-Unsubscribe") == ["One-Click"] or "preferences" in form):
            return _page("malformed", 400)
        member = await _member(services, request)
        if member is None:
            return _page("unknown", 404)
        await _change(services, member, form, request.headers.get("user-agent", ""))
        return _done(await _member(services, request) or member)

    path = PATH + "/{token}"
    return [Route(path, ask, methods=["GET"]), Route(path, change, methods=["POST"])]


async def _member(services: Services, request: Request) -> Membership | None:
    return await opting_out.of_token(services, await secret_of(services), request.path_params["token"])


async def _change(services: Services, member: Membership, form: Form, agent: str) -> None:
    if "preferences" in form:
        everything = bool(form.get("all"))
        await opting_out.choose(services, member, form.get("topic", []), everything=everything, agent=agent)
    else:
        await opting_out.one_click(services, member, agent)


async def _form(request: Request) -> Form | None:
    """The fields of a form, url-encoded or multipart; None for what is none, too large or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY:
                    return None
    except (ClientDisconnect, TimeoutError):
        return None
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/form-data"):
        return _multipart(kind, bytes(body))
    try:
        return parse_qs(body.decode("utf-8"), max_num_fields=100)
    except ValueError:
        return None


def _multipart(kind: str, body: bytes) -> Form:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    found: Form = {}
    for part in message.get_payload() if message.is_multipart() else ():
        if isinstance(part, Message):
            name = part.get_param("name", header="content-disposition")
            found.setdefault(str(name), []).append(str(part.get_payload()).strip())
    return found


def _preferences(member: Membership) -> Response:
    rows = "".join(_topic(member, one) for one in member.listed.data["topics"])
    names = {"recipient": member.recipient, "sender": member.message.sender, "list": member.listed.key}
    everything = _ticked(bool(member.contact.data["unsubscribed"]))
    return _html(_head() + _part("ask", topics=rows, all=everything, **_escaped(names)))


def _topic(member: Membership, topic: Mapping[str, str]) -> str:
    wanted = subscriptions.status(member.listed, member.contact, topic["TopicName"]) == subscriptions.IN
    names = {"topic": topic["TopicName"], "title": topic["DisplayName"], "about": topic.get("Description", "")}
    return _part("topic", checked=_ticked(wanted), **_escaped(names))


def _ticked(state: bool) -> str:
    return " checked" if state else ""


def _done(member: Membership) -> Response:
    wanted = [
        one["DisplayName"]
        for one in member.listed.data["topics"]
        if subscriptions.status(member.listed, member.contact, one["TopicName"]) == subscriptions.IN
    ]
    if member.contact.data["unsubscribed"]:
        state = "unsubscribed from everything"
    else:
        state = "subscribed to " + (", ".join(wanted) or "no topic")
    return _page("done", recipient=member.recipient, state=state)


def _page(title: str, status: int = 200, /, **values: str) -> Response:
    """One of the pages of `unsubscribing.html`, which holds them all, divided by comments with their names."""
    return _html(_head() + _part(title, **_escaped(values)), status)


def _html(text: str, status: int = 200) -> Response:
    return Response(text, status, headers=_HEADERS, media_type="text/html; charset=utf-8")


def _head() -> str:
    return _source().partition("<!-- page ")[0]


def _part(title: str, /, **markup: str) -> str:
    """A part of the file with its places filled."""
    _, *parts = _source().split("<!-- page ")
    found = {name: body for name, _, body in (part.partition(" -->") for part in parts)}
    return Template(found[title]).substitute(markup)


def _escaped(values: Mapping[str, str]) -> dict[str, str]:
    return {name: escape(value) for name, value in values.items()}


def _source() -> str:
    return resources.files("sandbox.providers.ses").joinpath("unsubscribing.html").read_text(encoding="utf-8")
