"""What the transcript keeps of an API call: both heads and the beginning of both bodies, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.responses import Response

from sandbox.core.transcript import LINE_LENGTH
from sandbox.wire.http.exchange import Exchange

KEPT = 16_384
"""Octets kept of a body."""
_SECRET_FIELD = re.compile(
    r'("(?:privateKey|DomainSigningPrivateKey|password|apikey|(?:access|refresh)_token)"\s*:\s*")(?:[^"\\]|\\.)*'
)
"""A field of a JSON body that holds a secret: the key of a DKIM, the password of a credential, a token."""
_SECRET_FORM = re.compile(r"((?:^|&)(?:apikey|password|refresh_token)=)[^&]*")
"""A field of a form that does."""
_HINTS = ("rivateKey", "password", "apikey", "_token")
"""What is in every name of such a field: most bodies have none of them, and need no closer look."""
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "x-amz-security-token"})


def record_request(exchange: Exchange) -> None:
    """Note the request line and the headers, before anything is decided."""
    exchange.transcript.said("client", _head(f"{exchange.method} {exchange.target}", exchange.headers.items()))


def record_body(exchange: Exchange) -> None:
    """Note the body of the request, once it was read."""
    _say(exchange, "client", exchange.body)


def record_response(exchange: Exchange, response: Response) -> None:
    """Note the answer, and sum the call up in a line."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    exchange.transcript.said("server", _head(str(response.status_code), headers))
    _say(exchange, "server", bytes(response.body))
    exchange.transcript.summary = f"{exchange.method} {exchange.path}: {response.status_code}"


def _head(first: str, headers: Iterable[tuple[str, str]]) -> str:
    """A first line and the headers, their names in lower case; of secrets only the scheme."""
    lines = [f"{name}: {_masked(value) if name in _SECRET else value}" for name, value in headers]
    return "\n".join([first, *lines])


def _masked(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"


def _say(exchange: Exchange, side: str, body: bytes) -> None:
    if not body:
        return
    text = body[:KEPT].decode("utf-8", "replace")
    if any(map(text.__contains__, _HINTS)):
        text = _SECRET_FORM.sub(r"\1***", _SECRET_FIELD.sub(r"\1***", text))
    for start in range(0, len(text), LINE_LENGTH):
        exchange.transcript.said(side, text[start : start + LINE_LENGTH])
    if len(body) > KEPT:
        exchange.transcript.said("sandbox", f"{len(body)} octets in all; the rest is not shown")
