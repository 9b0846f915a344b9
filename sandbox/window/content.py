"""One message: everything about it, its octets, its text, its preview and its parts."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from sandbox.core import mime
from sandbox.core.errors import NotFoundError
from sandbox.core.model import MessageRecord
from sandbox.window import shapes
from sandbox.window.authentication import verdicts
from sandbox.window.call import Call
from sandbox.window.downloads import data_headers, download, safe_filename
from sandbox.window.preview import PREVIEW_HEADERS, SCHEMES, preview
from sandbox.window.problems import Problem, json_answer

SHOWN_AS_THEMSELVES = frozenset({"image/png", "image/jpeg", "image/gif"})
"""Types that a part keeps; all others are octets, so that no browser interprets them."""


async def _record(call: Call) -> MessageRecord:
    found = await call.services.store.messages.get(call.account.id, call.path("id"))
    if found is None:
        raise NotFoundError(f"there is no message {call.path('id')[:80]!r}")
    return found


async def _octets(call: Call) -> bytes:
    found = await call.services.store.messages.raw(call.account.id, call.path("id"))
    if found is None:
        raise NotFoundError(f"there is no message {call.path('id')[:80]!r}")
    return found


async def content_of(call: Call) -> mime.Content:
    """The message of the path, read; `NotFoundError` when there is none."""
    return await asyncio.to_thread(mime.read, await _octets(call))


async def show(call: Call) -> Response:
    """GET /messages/{id}."""
    await call.settle()
    record = await _record(call)
    events = await call.services.store.events.of_message(record.id)
    shown = shapes.message(record, await content_of(call), events)
    return json_answer({**shown, "authentication": await verdicts(call, record)})


async def raw(call: Call) -> Response:
    """GET /messages/{id}/raw: the octets as accepted."""
    octets = await _octets(call)
    return download(octets, "message/rfc822", f"{call.path('id')}.eml")


async def text(call: Call) -> Response:
    """GET /messages/{id}/text."""
    content = await content_of(call)
    octets = content.text.encode("utf-8", "replace")
    return Response(octets, headers=data_headers(), media_type="text/plain; charset=utf-8")


async def html(call: Call) -> Response:
    """GET /messages/{id}/html: to be shown in a sandboxed frame; see `preview`."""
    scheme = call.choice("scheme", SCHEMES)
    content = await content_of(call)
    if not content.html:
        raise Problem(404, "no-html", "this message has no HTML part")
    page = await asyncio.to_thread(preview, content, scheme)
    return Response(page, headers=PREVIEW_HEADERS, media_type="text/html; charset=utf-8")


async def part(call: Call) -> Response:
    """GET /messages/{id}/parts/{n}: always a download, never interpreted."""
    wanted = call.path("n")
    content = await content_of(call)
    leaves = (node.leaf for node in content.structure if node.leaf)
    found = next((leaf for leaf in leaves if str(leaf.n) == wanted), None)
    if found is None:
        raise NotFoundError(f"this message has no part {wanted[:20]!r}")
    kind = found.content_type if found.content_type in SHOWN_AS_THEMSELVES else "application/octet-stream"
    return download(found.octets, kind, safe_filename(found.filename, f"part-{found.n}"))
