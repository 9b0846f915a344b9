"""What the transcript keeps of an API call: both heads and the beginning of both bodies, secrets masked."""

from __future__ import annotations

import re

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
    lines = [f"{exchange.method} {exchange.target}"]
    lines += [_line(name, value) for name, value in exchange.headers.items()]
    exchange.transcript.said("client", "\n".join(lines))


def record_body(exchange: Exchange) -> None:
    """Note the body of the request, once it was read."""
    _say(exchange, "client", exchange.body)


def record_response(exchange: Exchange, response: Response) -> None:
    """Note the answer, and sum the call up in a line."""
    headers = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
    lines = [str(response.status_code), *(_line(name, value) for name, value in headers)]
    exchange.transcript.said("server", "\n".join(lines))
    _say(exchange, "server", bytes(response.body))
    exchange.transcript.summary = f"{exchange.method} {exchange.path}: {response.status_code}"


def _line(name: str, value: str) -> str:
    """A header, its name in lower case; of a secret only the scheme."""
    if name not in _SECRET:
        return f"{name}: {value}"
    scheme, space, _ = value.partition(" ")
    return f"{name}: {scheme} ***" if space else f"{name}: ***"


def _say(exchange: Exchange, side: str, body: bytes) -> None:
    if not body:
        return
    text = body[:KEPT].decode("utf-8", "replace")
    if any(word in text for word in _HINTS):
        text = _SECRET_FORM.sub(r"\1***", _SECRET_FIELD.sub(r"\1***", text))
    for start in range(0, len(text), LINE_LENGTH):
        exchange.transcript.said(side, text[start : start + LINE_LENGTH])
    if len(body) > KEPT:
        exchange.transcript.said("sandbox", f"{len(body)} octets in all; the rest is not shown")
