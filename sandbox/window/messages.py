"""Messages as a list: look, wait, mark, remove."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import NotFoundError
from sandbox.core.search import compile_query
from sandbox.core.store.messages import EVERY, Clause, Page
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.connection import while_connected
from sandbox.window.cursor import make_cursor, read_cursor
from sandbox.window.problems import Problem, json_answer

PAGE = 50
LONGEST_PAGE = 500
ORDERS = ("newest", "oldest")
TOTALS = ("quick", "exact")
LONGEST_WAIT = 3600.0
TAGS = 50
TAG_LENGTH = 100
_RECENT = 20
"""Messages and refused sessions that a wait in vain tells about."""


def _clause(call: Call) -> Clause:
    """The condition of the parameter `query`; every message when it is absent or blank."""
    query = call.text("query")
    return compile_query(query, call.now) if query.strip() else EVERY


def _one(call: Call) -> Clause:
    return Clause(sql="m.id = ?", params=(call.path("id"),))


async def show_list(call: Call) -> Response:
    """GET /messages."""
    limit = call.number("limit", PAGE, 1, LONGEST_PAGE)
    place = read_cursor(call.text("cursor"), (int,))
    clause = _clause(call)
    await call.settle()
    page = await call.services.store.messages.page(
        call.account.id,
        clause,
        place=place[0] if place else None,
        limit=limit,
        oldest=call.choice("order", ORDERS) == "oldest",
        patient=call.choice("total", TOTALS) == "exact",
    )
    return json_answer(
        {
            "items": [shapes.message_summary(record) for record in page.items],
            "next": None if page.next is None else make_cursor(page.next),
            "total": page.total,
            "total_exact": page.exact,
        }
    )


async def wait(call: Call) -> Response:
    """GET /messages/wait: answers as soon as enough messages match; wakes up by events, never polls."""
    count = call.number("count", 1, 1, LONGEST_PAGE)
    seconds = call.seconds("timeout", 30.0, LONGEST_WAIT)
    clause = _clause(call)
    try:
        async with asyncio.timeout(seconds):
            found = await while_connected(call.request, _matching(call, clause, count))
    except TimeoutError:
        found = await _look(call, clause, count)
    if found.total < count:
        raise await _waited_in_vain(call, found, count, seconds)
    return json_answer({"items": [shapes.message_summary(record) for record in found.items], "total": found.total})


async def _look(call: Call, clause: Clause, count: int) -> Page:
    await call.settle()
    return await call.services.store.messages.page(call.account.id, clause, limit=max(count, PAGE))


async def _matching(call: Call, clause: Clause, count: int) -> Page:
    """The newest messages that match, once there are `count` of them."""
    while not call.services.stream.closed:
        with call.services.stream.subscribe(call.account.id) as subscription:
            while not subscription.dropped:
                page = await _look(call, clause, count)
                if page.total >= count:
                    return page
                while not any(event.message for event in await subscription.take()) and not subscription.dropped:
                    continue
    raise Problem(503, "closing", "the sandbox stops")


async def _waited_in_vain(call: Call, found: Page, count: int, seconds: float) -> Problem:
    store = call.services.store
    recent = await store.messages.page(call.account.id, EVERY, limit=_RECENT)
    refused = await store.sessions.page(call.account.id, refused=True, limit=_RECENT)
    extra: dict[str, Any] = {
        "items": [shapes.message_summary(record) for record in found.items],
        "total": found.total,
        "arrived": [shapes.message_summary(record) for record in recent.items],
        "refused": [shapes.session_summary(record) for record in refused],
    }
    text = f"{found.total} of {count} messages matched within {seconds:g} s"
    return Problem(408, "timeout", text, extra=extra)


async def remove_list(call: Call) -> Response:
    """DELETE /messages."""
    clause = _clause(call)
    await call.settle()
    removed = await call.services.store.messages.remove(call.account.id, clause, call.now)
    return json_answer({"removed": removed})


async def remove(call: Call) -> Response:
    """DELETE /messages/{id}."""
    removed = await call.services.store.messages.remove(call.account.id, _one(call), call.now)
    if not removed:
        raise NotFoundError(f"there is no message {call.path('id')[:80]!r}")
    return json_answer({"removed": removed})


async def change(call: Call) -> Response:
    """PATCH /messages/{id}: the read flag, the tags, or both."""
    wish = await call.json()
    read, tags = wish.get("read"), wish.get("tags")
    if read is None and tags is None:
        raise Problem(400, "bad-body", "give read, tags or both")
    if read is not None and not isinstance(read, bool):
        raise Problem(400, "bad-read", "read is true or false")
    if tags is not None:
        tags = read_tags(tags)
    name = call.path("id")
    store = call.services.store.messages
    if not await store.mark(call.account.id, name, call.now, read=read, tags=tags):
        raise NotFoundError(f"there is no message {name[:80]!r}")
    record = await store.get(call.account.id, name)
    if record is None:  # removed by somebody else between the two
        raise NotFoundError(f"there is no message {name[:80]!r}")
    return json_answer(shapes.message_summary(record))


def read_tags(given: Any) -> list[str]:
    """Tags as a client wrote them, each once; `Problem` says what a tag may be."""
    if not isinstance(given, list) or len(given) > TAGS:
        raise Problem(400, "bad-tags", f"tags is a list of at most {TAGS} words")
    for tag in given:
        if not isinstance(tag, str) or not 0 < len(tag.strip()) <= TAG_LENGTH or not tag.isprintable():
            raise Problem(400, "bad-tags", f"a tag is 1 to {TAG_LENGTH} printable characters, not {str(tag)[:40]!r}")
    return list(dict.fromkeys(tag.strip() for tag in given))
