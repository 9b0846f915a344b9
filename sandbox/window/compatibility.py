"""Notes on a message's HTML: what it uses that some mail programs lack."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from sandbox.window.call import Call
from sandbox.window.content import content_of
from sandbox.window.operation import Operation
from sandbox.window.problems import json_answer
from sandbox.window.schemas import TEXT, TEXTS, WHOLE, many, maybe, record

if TYPE_CHECKING:
    from sandbox.core.compatibility import Note


async def show(call: Call) -> Response:
    """GET /messages/{id}/compatibility."""
    from sandbox.core.compatibility import notes, table  # noqa: PLC0415 - few look at it

    content = await content_of(call)
    found = await asyncio.to_thread(notes, content.html)
    known = table()
    return json_answer(
        {
            "items": [_shape(note, known.source) for note in found],
            "next": None,
            "total": len(found),
            "clients": known.clients,
            "source": known.source,
            "as_of": known.as_of,
        }
    )


def _shape(note: Note, source: str) -> dict[str, object]:
    feature = note.feature
    return {
        "feature": feature.id,
        "title": feature.title,
        "uses": note.uses,
        "lacking": feature.lacking,
        "partly": feature.partly,
        "about": f"{source}/features/{feature.id}/",
    }


_NOTE = record(feature=TEXT, title=TEXT, uses=WHOLE, lacking=TEXTS, partly=TEXTS, about=TEXT)
OPERATIONS = (
    Operation(
        method="GET",
        path="/messages/{id}/compatibility",
        handler=show,
        summary="What the HTML uses that some mail programs lack, what most of them lack first",
        answer=record(items=many(_NOTE), next=maybe(TEXT), total=WHOLE, clients=TEXTS, source=TEXT, as_of=TEXT),
        also={404: "there is no such thing in this account"},
    ),
)
"""What the table of the inspection API has on it."""
