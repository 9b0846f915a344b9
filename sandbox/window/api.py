"""The inspection API: one table of every operation, from which routes, checks and the OpenAPI document are made."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount, Route

from sandbox.core.chaos import Action
from sandbox.core.model import Channel, Stage
from sandbox.core.services import Services
from sandbox.window import (
    accounts,
    activity,
    authentication,
    clock,
    compatibility,
    content,
    delivery,
    errors,
    events,
    faults,
    idle,
    imports,
    messages,
    openapi,
    recipes,
    sessions,
    site,
    state,
    status,
)
from sandbox.window.controls import Controls
from sandbox.window.login import Guesses, behind_login
from sandbox.window.operation import Operation, Parameter, application
from sandbox.window.preview import SCHEMES
from sandbox.window.schemas import FLAG, NUMBER, TEXT, TEXTS, WHOLE, counted_page, many, maybe, page, record, ref

_QUERY = Parameter(name="query", about="search query; absent or blank: every message")
_CURSOR = Parameter(name="cursor", about="`next` of the page before")
_NOT_FOUND = {404: "there is no such thing in this account"}
_BAD_QUERY = {400: "a parameter can't be understood"}


def _limit(default: int, most: int) -> Parameter:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(name="limit", about="items of a page", schema=schema)


def _words(name: str, about: str, words: list[str]) -> Parameter:
    return Parameter(name=name, about=about, schema={"type": "string", "enum": words})


_TYPES = Parameter(name="type", about="event types; repeated, or separated by commas", schema=TEXTS)
_FAULT = {
    "type": "object",
    "properties": {
        "error": maybe(TEXT),
        "action": maybe({"type": "string", "enum": [str(one) for one in Action]}),
        "seconds": maybe(NUMBER),
        "bytes_per_second": maybe(WHOLE),
        "seed": {"type": ["string", "integer", "null"]},
        "stage": maybe(TEXT),
        "match": maybe(record() | {"additionalProperties": TEXT}),
        "times": maybe(WHOLE),
        "probability": maybe(NUMBER),
        "after": maybe(WHOLE),
        "follows": maybe(TEXT),
    },
}
_MOVE = {"type": "object", "properties": {"advance": {"type": ["string", "number"]}, "set": TEXT, "reset": FLAG}}
_NOTHING = {"type": "object", "properties": {}}

OPERATIONS = (
    Operation(
        method="GET",
        path="/status",
        handler=status.show,
        summary="What runs here: version, listeners, counts, clock",
        answer="Status",
    ),
    Operation(
        method="GET",
        path="/messages",
        handler=messages.show_list,
        summary="Messages, newest first unless asked for otherwise",
        answer=counted_page("MessageSummary"),
        parameters=(
            _QUERY,
            _limit(messages.PAGE, messages.LONGEST_PAGE),
            _CURSOR,
            _words("order", "which come first: newest without it", [*messages.ORDERS]),
            _words(
                "total",
                "exact: count all that match, however long it takes; without it, `total` may be what there is at least",
                [*messages.TOTALS],
            ),
        ),
        also=_BAD_QUERY,
    ),
    *imports.OPERATIONS,
    Operation(
        method="DELETE",
        path="/messages",
        handler=messages.remove_list,
        summary="Remove the messages that match; all of them without a query",
        answer="Removed",
        parameters=(_QUERY,),
        also=_BAD_QUERY,
    ),
    Operation(
        method="GET",
        path="/messages/wait",
        handler=messages.wait,
        summary="Wait until enough messages match; those that are there already count",
        answer="Waited",
        parameters=(
            _QUERY,
            Parameter(
                name="count",
                about="how many are to match",
                schema={"type": "integer", "minimum": 1, "maximum": messages.LONGEST_PAGE, "default": 1},
            ),
            Parameter(name="timeout", about="seconds of real time, or a duration like 2m; 30 without it"),
        ),
        also={**_BAD_QUERY, 408: "too few matched in time: WaitedInVain"},
    ),
    Operation(
        method="GET",
        path="/messages/{id}",
        handler=content.show,
        summary="One message: envelope, headers, texts, attachments, recipients and what happened to them",
        answer="Message",
        also=_NOT_FOUND,
    ),
    Operation(
        method="PATCH",
        path="/messages/{id}",
        handler=messages.change,
        summary="Mark a message as read or unread, set its tags",
        answer="MessageSummary",
        body={"type": "object", "properties": {"read": maybe(FLAG), "tags": maybe(many(TEXT))}},
        also={400: "a field is wrong", **_NOT_FOUND},
    ),
    Operation(
        method="DELETE",
        path="/messages/{id}",
        handler=messages.remove,
        summary="Remove one message",
        answer="Removed",
        also=_NOT_FOUND,
    ),
    Operation(
        method="GET",
        path="/messages/{id}/raw",
        handler=content.raw,
        summary="The octets as accepted",
        answer="message/rfc822",
        also=_NOT_FOUND,
    ),
    Operation(
        method="GET",
        path="/messages/{id}/html",
        handler=content.html,
        summary="The HTML part as a page that can't run or load anything",
        answer="text/html",
        parameters=(_words("scheme", "colours that the reader prefers; without it, as the browser does", [*SCHEMES]),),
        also={400: "a parameter can't be understood", 404: "there is no such message, or it has no HTML part"},
    ),
    Operation(
        method="GET",
        path="/messages/{id}/text",
        handler=content.text,
        summary="The text part",
        answer="text/plain",
        also=_NOT_FOUND,
    ),
    Operation(
        method="GET",
        path="/messages/{id}/parts/{n}",
        handler=content.part,
        summary="One part, decoded; multiparts have no number",
        answer="application/octet-stream",
        also=_NOT_FOUND,
    ),
    *authentication.OPERATIONS,
    *compatibility.OPERATIONS,
    Operation(
        method="GET",
        path="/sessions",
        handler=sessions.show_list,
        summary="SMTP conversations and API calls: the open ones, then the ended ones, newest first",
        answer=page("SessionSummary"),
        parameters=(
            Parameter(name="query", about="search query; absent or blank: every conversation"),
            _words("refused", "true: only with a refusal; false: only without", ["true", "false"]),
            _limit(sessions.PAGE, sessions.LONGEST_PAGE),
            _CURSOR,
        ),
        also=_BAD_QUERY,
    ),
    Operation(
        method="GET",
        path="/sessions/{id}",
        handler=sessions.show,
        summary="One conversation with its transcript, and the catalog's row behind each refusal",
        answer="Session",
        also=_NOT_FOUND,
    ),
    *idle.OPERATIONS,
    Operation(
        method="GET",
        path="/events",
        handler=events.show_list,
        summary="The event log, oldest first",
        answer=record(items=many(ref("Event")), next=maybe(WHOLE)),
        parameters=(
            Parameter(name="since", about="id of the event to begin after", schema=WHOLE),
            _TYPES,
            _limit(events.PAGE, events.LONGEST_PAGE),
        ),
        also=_BAD_QUERY,
    ),
    Operation(
        method="GET",
        path="/stream",
        handler=events.stream,
        summary="The event log live, as server-sent events; resumes after `Last-Event-ID`",
        answer="text/event-stream",
        parameters=(
            Parameter(name="since", about="the same as `Last-Event-ID`, for the first connection", schema=WHOLE),
            _TYPES,
        ),
        also=_BAD_QUERY,
    ),
    Operation(
        method="GET",
        path="/errors",
        handler=errors.show_list,
        summary="The error catalogs",
        answer=page("CatalogError"),
        parameters=(
            Parameter(name="provider", about="only this provider's"),
            _words("channel", "only this channel's", [str(one) for one in Channel]),
            _words("stage", "only what can be forced at this stage", [str(one) for one in Stage]),
        ),
        also=_BAD_QUERY,
    ),
    Operation(
        method="GET",
        path="/errors/{id}",
        handler=errors.show,
        summary="One row of the error catalogs",
        answer="CatalogError",
        also=_NOT_FOUND,
    ),
    Operation(
        method="GET",
        path="/faults",
        handler=faults.show_list,
        summary="The forced errors that are armed, in the order in which they are tried",
        answer=page("Fault"),
    ),
    Operation(
        method="POST",
        path="/faults",
        handler=faults.add,
        summary="Arm an error of the catalog, or a disturbance of the connection",
        answer="Fault",
        body=_FAULT,
        status=201,
        also={400: "a field is wrong", 404: "the catalogs have no such error", 409: "too many are armed"},
    ),
    Operation(
        method="DELETE",
        path="/faults",
        handler=faults.clear,
        summary="Disarm every error",
        answer="Removed",
    ),
    Operation(
        method="DELETE",
        path="/faults/{id}",
        handler=faults.remove,
        summary="Disarm one error",
        answer="Removed",
        also=_NOT_FOUND,
    ),
    *delivery.OPERATIONS,
    *state.OPERATIONS,
    *activity.OPERATIONS,
    *recipes.OPERATIONS,
    Operation(method="GET", path="/clock", handler=clock.show, summary="The account's clock", answer="Clock"),
    Operation(
        method="POST",
        path="/clock",
        handler=clock.move,
        summary="Move the clock: one of advance, set, reset",
        answer="Clock",
        body=_MOVE,
        also={400: "no such time or duration"},
    ),
    Operation(
        method="POST",
        path="/reset",
        handler=accounts.reset,
        summary="Empty the account and provision it anew from the settings",
        answer="Account",
        body=_NOTHING,
    ),
    Operation(
        method="GET",
        path="/accounts",
        handler=accounts.show_list,
        summary="Every account with its credentials, the ready-made one first",
        answer=page("Account"),
    ),
    Operation(
        method="POST",
        path="/accounts",
        handler=accounts.add,
        summary="Make an isolated account in each provider",
        answer="Account",
        body=_NOTHING,
        status=201,
        also={409: "too many accounts"},
    ),
    Operation(
        method="DELETE",
        path="/accounts/{id}",
        handler=accounts.remove,
        summary="Remove an account and all that belongs to it",
        answer="Removed",
        also={**_NOT_FOUND, 409: "the ready-made account can't be removed"},
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        handler=openapi.show,
        summary="This description",
        answer={"type": "object"},
    ),
)
"""Every operation, in the order of the documentation."""


def routes(services: Services, controls: Controls, login: str = "") -> Sequence[BaseRoute]:
    """The inspection API under `/sandbox`, and the web page at `/`; `login` is asked for, if there is one."""
    guesses = Guesses()
    mount = Mount("/sandbox", app=application(OPERATIONS, services, controls))
    found: list[Mount | Route] = [mount, *site.routes()]
    for route in found:
        route.app = behind_login(route.app, login, guesses)
    return found
