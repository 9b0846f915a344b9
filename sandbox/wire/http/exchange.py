"""One API call as an operation sees it, and the reading of its body with the limit checked on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from sandbox.core.accounts import Account
from sandbox.core.chaos import Disturbance
from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Principal, Stage
from sandbox.core.services import ProviderState, Services
from sandbox.core.transcript import Transcript

NO_QUERY = QueryParams()
DRAIN = 33_554_432
"""Octets of an oversized body that are read and dropped, so that the client is ready to hear the answer."""


class RequestHeaders(Headers):
    """The headers of a request, decoded once; several parts of the wrapper and of a provider ask for them."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
        self._first = dict(reversed(self._pairs))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def get(self, key: str, default: Any = None) -> Any:
        """The first value, else `default`."""
        return self._first.get(key.lower(), default)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._first

    def items(self) -> list[tuple[str, str]]:  # type: ignore[override]
        """Names in lower case with their values, in order, repeated ones too."""
        return self._pairs


@dataclass(kw_only=True)
class Exchange:
    """A request with everything an operation needs to answer it."""

    services: Services
    state: ProviderState
    section: Any
    """The provider's section of the settings."""
    account: Account
    """Whose call it is: known from the key that the client names, confirmed once it is authenticated."""
    transcript: Transcript
    method: str
    target: str
    """Path and query exactly as received."""
    path: str
    """Decoded path without repeated slashes at its beginning."""
    query: QueryParams
    headers: Headers
    client: str
    stage: Stage = Stage.CONTROL
    body: bytes = b""
    principal: Principal | None = None
    disturbance: Disturbance | None = None
    """What is forced on the connection besides an answer."""
    document: Any = None
    """What the provider read of the body, so that nobody has to read it again."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Values of the path template's `{names}`."""

    @property
    def user(self) -> str:
        """The authenticated user; empty before that."""
        return self.principal.user if self.principal else ""


def target_of(scope: Scope) -> str:
    """The request target (RFC 9112 section 3.2) as it came: raw path and query."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return (raw + b"?" + query if query else raw).decode("latin-1")


def path_of(scope: Scope) -> str:
    """The decoded path, slashes at its beginning collapsed into one: clients join base and path carelessly."""
    path: str = scope["path"]
    return "/" + path.lstrip("/")


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The body of a request.

    Raises `Refusal(TOO_LARGE)` for more than `limit` octets, announced or sent; `ClientDisconnect` when the client
    goes away before it is complete.
    """
    announced = _announced(headers)
    too_large = announced > limit
    if too_large and announced > DRAIN:
        raise Refusal(Condition.TOO_LARGE)
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= max(limit, DRAIN):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        too_large = too_large or size > limit
        if not too_large:
            parts.append(part)
        more = message.get("more_body", False)
    if too_large:
        raise Refusal(Condition.TOO_LARGE)
    return b"".join(parts)


def _announced(headers: Headers) -> int:
    """How many octets a client says that it sends; 0 when it says nothing that makes sense."""
    given = headers.get("content-length", "")
    return int(given) if given.isdecimal() and len(given) < 20 else 0
