"""One message: everything about it, its octets, its text, its preview and its parts."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

from starlette.responses import Response

from sandbox.core import mime
from sandbox.core.errors import NotFoundError
from sandbox.core.model import MessageRecord
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.preview import PREVIEW_HEADERS, preview
from sandbox.window.problems import GUARDED, Problem, json_answer

SHOWN_AS_THEMSELVES = frozenset({"image/png", "image/jpeg", "image/gif"})
"""Types that a part keeps; all others are octets, so that no browser interprets them."""
_NAME_LENGTH = 120
_EXTENSION = 10
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|%\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]')
"""Characters that a file name loses: controls, separators, quotes, and what reorders or hides text."""


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


async def _content(call: Call) -> mime.Content:
    return await asyncio.to_thread(mime.read, await _octets(call))


async def show(call: Call) -> Response:
    """GET /messages/{id}."""
    await call.settle()
    record = await _record(call)
    events = await call.services.store.events.of_message(record.id)
    return json_answer(shapes.message(record, await _content(call), events))


async def raw(call: Call) -> Response:
    """GET /messages/{id}/raw: the octets as accepted."""
    octets = await _octets(call)
    return _download(octets, "message/rfc822", f"{call.path('id')}.eml")


async def text(call: Call) -> Response:
    """GET /messages/{id}/text."""
    content = await _content(call)
    octets = content.text.encode("utf-8", "replace")
    return Response(octets, headers=_data_headers(), media_type="text/plain; charset=utf-8")


async def html(call: Call) -> Response:
    """GET /messages/{id}/html: to be shown in a sandboxed frame; see `preview`."""
    content = await _content(call)
    if not content.html:
        raise Problem(404, "no-html", "this message has no HTML part")
    page = await asyncio.to_thread(preview, content)
    return Response(page, headers=PREVIEW_HEADERS, media_type="text/html; charset=utf-8")


async def part(call: Call) -> Response:
    """GET /messages/{id}/parts/{n}: always a download, never interpreted."""
    wanted = call.path("n")
    content = await _content(call)
    found = next((one for one in content.attachments if str(one.n) == wanted), None)
    if found is None:
        raise NotFoundError(f"this message has no part {wanted[:20]!r}")
    kind = found.content_type if found.content_type in SHOWN_AS_THEMSELVES else "application/octet-stream"
    return _download(found.octets, kind, safe_filename(found.filename, f"part-{found.n}"))


def _download(octets: bytes, media_type: str, filename: str) -> Response:
    headers = {**_data_headers(), "Content-Disposition": disposition(filename), "Content-Type": media_type}
    return Response(octets, headers=headers)


def _data_headers() -> dict[str, str]:
    return {**GUARDED, "Cache-Control": "no-store"}


def safe_filename(name: str, otherwise: str) -> str:
    """The sender's file name without path, controls, quotes and tricks; `otherwise` when nothing is left of it."""
    last = re.split(r"[/\\]", name)[-1]
    safe = _UNSAFE.sub("", last).strip(" .")
    if len(safe) > _NAME_LENGTH:
        _, dot, extension = safe[-_EXTENSION:].rpartition(".")
        safe = safe[: _NAME_LENGTH - _EXTENSION] + dot + (extension if dot else "")
    return safe or otherwise


def disposition(filename: str) -> str:
    """Content-Disposition of a download (RFC 6266), the name in ASCII and, where it needs more, as in RFC 8187."""
    plain = "".join(char if char.isascii() and char.isprintable() else "_" for char in filename)
    extended = "" if plain == filename else f"; filename*=UTF-8''{quote(filename, safe='')}"
    return f'attachment; filename="{plain}"{extended}'
