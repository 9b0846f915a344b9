"""The error catalogs of every provider, as the sandbox raises and forces them."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import Response

from sandbox.core.catalog import ErrorEntry
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Channel, Stage
from sandbox.core.services import Services
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.problems import json_answer


async def show_list(call: Call) -> Response:
    """GET /errors."""
    provider = call.choice("provider", sorted(call.services.providers))
    channel = call.choice("channel", [str(one) for one in Channel])
    stage = call.choice("stage", [str(one) for one in Stage])
    rows = [
        shapes.error(entry)
        for entry in _all(call.services)
        if provider in (None, entry.provider)
        and channel in (None, entry.channel)
        and (not stage or stage in entry.stages)
    ]
    return json_answer({"items": rows, "next": None, "total": len(rows)})


async def show(call: Call) -> Response:
    """GET /errors/{id}."""
    return json_answer(shapes.error(find_entry(call.services, call.path("id"))))


def find_entry(services: Services, entry_id: str) -> ErrorEntry:
    """The row with this id; `NotFoundError` when no provider that runs has it."""
    for entry in _all(services):
        if entry.id == entry_id:
            return entry
    names = ", ".join(sorted(services.providers))
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

    near = get_close_matches(entry_id[:80].lower(), [entry.id for entry in _all(services)], 3, 0.7)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise NotFoundError(f"there is no error {entry_id[:80]!r} in the catalogs of {names}{hint}")


def _all(services: Services) -> Iterator[ErrorEntry]:
    for state in services.providers.values():
        yield from state.catalog
