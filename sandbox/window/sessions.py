"""Conversations: every SMTP session and API call, those that go on and those that ended, refused or not."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.core.errors import NotFoundError
from sandbox.core.search import compile_query
from sandbox.core.search_attempts import ATTEMPTS
from sandbox.core.store import SessionRecord
from sandbox.core.store.messages import Clause
from sandbox.core.store.sessions import matching
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.cursor import make_cursor, read_cursor
from sandbox.window.problems import json_answer

PAGE = 50
LONGEST_PAGE = 500


async def show_list(call: Call) -> Response:
    """GET /sessions: the open ones first, then the ended ones, newest first."""
    limit = call.number("limit", PAGE, 1, LONGEST_PAGE)
    wish = call.choice("refused", ("true", "false"))
    refused = None if wish is None else wish == "true"
    before = read_cursor(call.text("cursor"), (float, str))
    query = call.text("query") or ""
    clause = compile_query(query, call.now, ATTEMPTS) if query.strip() else None
    running = [] if before else [one for one in call.services.sessions.all(call.account.id) if _wanted(one, refused)]
    if running and clause:
        running = matching(running, clause)
    ended = await call.services.store.sessions.page(
        call.account.id, refused=refused, clause=clause, before=before, limit=limit + 1
    )
    more = len(ended) > limit
    names = {one.id for one in ended}  # a session may have ended between the two looks
    known = await _count(call, refused, clause)
    shown = [*(one for one in running if one.id not in names), *ended[:limit]]
    return json_answer(
        {
            "items": [shapes.session_summary(one) for one in shown],
            "next": make_cursor(float(ended[limit - 1].started), ended[limit - 1].id) if more else None,
            "total": known + len(shown) - len(ended[:limit]),
        }
    )


async def _count(call: Call, refused: bool | None, clause: Clause | None) -> int:
    """How many ended ones fit."""
    if clause is not None:
        return await call.services.store.sessions.count_matching(call.account.id, refused, clause)
    total, with_refusal = await call.services.store.sessions.count(call.account.id)
    return {None: total, True: with_refusal, False: total - with_refusal}[refused]


def _wanted(record: SessionRecord, refused: bool | None) -> bool:
    return refused is None or bool(record.refusals) is refused


async def show(call: Call) -> Response:
    """GET /sessions/{id}: with the transcript so far."""
    name = call.path("id")
    found = call.services.sessions.get(call.account.id, name)
    found = found or await call.services.store.sessions.get(call.account.id, name)
    if found is None:
        raise NotFoundError(f"there is no session {name[:80]!r}")
    entries = {entry.id: entry for state in call.services.providers.values() for entry in state.catalog}
    return json_answer(shapes.session(found, entries))
