"""Lists a page at a time: limit, offset, search, and links to the pages around."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ibm import fields
from sandbox.providers.ibm.answers import answer
from sandbox.wire.http import Exchange

FURTHEST = 1_000_000


def page(
    exchange: Exchange,
    name: str,
    rows: Sequence[Resource],
    shape: Callable[[Resource], Any],
    words: Callable[[Resource], str],
) -> Response:
    """The page that the query asks for; `words` is the text in which `search` looks."""
    limit = fields.whole(exchange, "limit", fields.LIMIT, 1, fields.MOST)
    offset = fields.whole(exchange, "offset", 0, 0, FURTHEST)
    search = exchange.query.get("search")
    if search is not None:
        if not 1 <= len(search) <= fields.MOST or not fields.TEXT.fullmatch(search):
            raise Refusal("https.400.invalid", parameter="search")
        rows = [row for row in rows if search.lower() in words(row).lower()]
    shown = [shape(row) for row in rows[offset : offset + limit]]
    return answer(
        {
            "total_count": len(rows),
            "offset": offset,
            "limit": limit,
            name: shown,
            "first": _link(exchange, limit, 0, search),
            **({"previous": _link(exchange, limit, max(0, offset - limit), search)} if offset else {}),
            **({"next": _link(exchange, limit, offset + limit, search)} if offset + limit < len(rows) else {}),
        }
    )


def _link(exchange: Exchange, limit: int, offset: int, search: str | None) -> dict[str, str]:
    query = {"limit": limit, "offset": offset, **({} if search is None else {"search": search})}
    return {"href": f"{_base(exchange)}{exchange.path}?{urlencode(query)}"}


def _base(exchange: Exchange) -> str:
    """The listener that the client reached, as far as its Host header tells."""
    host, known = exchange.headers.get("host", ""), exchange.services.endpoints
    return next((url for url in (known["http"], known["https"]) if url.endswith(f"//{host}")), f"http://{host}")
