"""The page on which recipients manage what they get, and one-click unsubscription (RFC 8058)."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.core.services import Services
from sandbox.providers.ses import opting_out, subscriptions
from sandbox.providers.ses.opting_out import PATH, Membership
from sandbox.providers.ses.tracking import proving
from sandbox.wire.http.forms import Form, read_form
from sandbox.wire.http.pages import Pages

_PAGES = Pages(resources.files("sandbox.providers.ses").joinpath("unsubscribing.html"))


def pages(services: Services, section: Any) -> list[BaseRoute]:  # noqa: ARG001 - as every family's
    """GET shows the preferences, POST changes them; neither needs credentials, the token is one."""

    async def ask(request: Request) -> Response:
        member = await _member(services, request)
        return _PAGES.page("unknown", 404) if member is None else _preferences(member)

    async def change(request: Request) -> Response:
        form = await read_form(request)
        if form is None or not (form.get("List-Unsubscribe") == ["One-Click"] or "preferences" in form):
            return _PAGES.page("malformed", 400)
        member = await _member(services, request)
        if member is None:
            return _PAGES.page("unknown", 404)
        await _change(services, member, form, request.headers.get("user-agent", ""))
        return _done(await _member(services, request) or member)

    path = PATH + "/{token}"
    return [Route(path, ask, methods=["GET"]), Route(path, change, methods=["POST"])]


async def _member(services: Services, request: Request) -> Membership | None:
    return await opting_out.of_token(services, await proving(services), request.path_params["token"])


async def _change(services: Services, member: Membership, form: Form, agent: str) -> None:
    if "preferences" in form:
        everything = bool(form.get("all"))
        await opting_out.choose(services, member, form.get("topic", []), everything=everything, agent=agent)
    else:
        await opting_out.one_click(services, member, agent)


def _preferences(member: Membership) -> Response:
    rows = "".join(_topic(member, one) for one in member.listed.data["topics"])
    names = {"recipient": member.recipient, "sender": member.message.sender, "list": member.listed.key}
    everything = _ticked(bool(member.contact.data["unsubscribed"]))
    return _PAGES.whole(_PAGES.part("ask", topics=rows, all=everything, **_escaped(names)))


def _topic(member: Membership, topic: Mapping[str, str]) -> str:
    wanted = subscriptions.status(member.listed, member.contact, topic["TopicName"]) == subscriptions.IN
    names = {"topic": topic["TopicName"], "title": topic["DisplayName"], "about": topic.get("Description", "")}
    return _PAGES.part("topic", checked=_ticked(wanted), **_escaped(names))


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
    return _PAGES.page("done", recipient=member.recipient, state=state)


def _escaped(values: Mapping[str, str]) -> dict[str, str]:
    return {name: escape(value) for name, value in values.items()}
