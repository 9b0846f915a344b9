"""The few pages that a provider shows to recipients of mail: one HTML file with parts, divided by comments."""

from __future__ import annotations

from html import escape
from importlib.resources.abc import Traversable
from string import Template

from starlette.responses import Response

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Pages:
    """The pages of one file: a head that all share, then parts, each after `<!-- page NAME -->`."""

    def __init__(self, file: Traversable) -> None:
        self._file = file

    def page(self, name: str, status: int = 200, /, **values: str) -> Response:
        """A whole page of one part, with text in its places."""
        markup = {key: escape(value) for key, value in values.items()}
        return self.whole(self.part(name, **markup), status)

    def whole(self, markup: str, status: int = 200) -> Response:
        """A page of parts that were filled already."""
        head = self._text().partition("<!-- page ")[0]
        return Response(head + markup, status, headers=_HEADERS, media_type="text/html; charset=utf-8")

    def part(self, name: str, /, **markup: str) -> str:
        """A part with markup in its places."""
        _, *parts = self._text().split("<!-- page ")
        found = {title: body for title, _, body in (part.partition(" -->") for part in parts)}
        return Template(found[name]).substitute(markup)

    def _text(self) -> str:
        return self._file.read_text(encoding="utf-8")
