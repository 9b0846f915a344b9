"""The one shape in which the inspection API says no: `{"error": {"code", "message"}}` with a matching status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import NotFoundError, QueryError, StoreError

GUARDED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
"""Headers of every answer that is data: nothing in it may run, be framed or be embedded by another site."""


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response; text that UTF-8 can't carry is shown with `?` instead of failing."""
    octets = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(
        octets,
        status,
        headers={**GUARDED, "Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )


class Problem(Exception):  # noqa: N818 - the name of RFC 9457 for an error as an API answers it
    """Ends a call with an error; `extra` adds fields beside `error`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def response(self) -> Response:
        """The error as an HTTP response."""
        body = {"error": {"code": self.code, "message": self.message}, **self.extra}
        return json_answer(body, self.status, self.headers)


def problem_of(error: Exception) -> Problem | None:
    """How the core's errors are told, or None for one that nobody expected."""
    match error:
        case Problem():
            return error
        case NotFoundError():
            return Problem(404, "not-found", str(error.args[0]) if error.args else "there is no such thing")
        case QueryError():
            return Problem(400, "bad-query", str(error))
        case StoreError():
            return Problem(503, "store-unavailable", str(error))
    return None
