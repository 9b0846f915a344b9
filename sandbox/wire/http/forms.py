"""Forms that browsers and mail programs send to a provider's own pages, read within bounds."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.message import Message
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

Form = dict[str, list[str]]
"""Values by the name of their field."""
BODY = 16_384
"""Octets of a form; `List-Unsubscribe=One-Click` has 26."""
BODY_SECONDS = 10.0
"""Real seconds that a client may take to send it."""
FIELDS = 100


async def read_form(request: Request) -> Form | None:
    """The fields of a form, url-encoded or multipart (RFC 7578); None for what is none, too large or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY:
                    return None
    except (ClientDisconnect, TimeoutError):
        return None
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/form-data"):
        return _multipart(kind, bytes(body))
    try:
        return parse_qs(body.decode("utf-8"), max_num_fields=FIELDS)
    except ValueError:
        return None


def _multipart(kind: str, body: bytes) -> Form:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    found: Form = {}
    for part in message.get_payload() if message.is_multipart() else ():
        if isinstance(part, Message):
            name = part.get_param("name", header="content-disposition")
            found.setdefault(str(name), []).append(str(part.get_payload()).strip())
    return found
