"""Posts events as JSON to a URL, signed with a shared secret when there is one."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.core.clock import to_iso
from sandbox.core.model import Event
from sandbox.wire.callbacks.loopback import TargetError, resolve

if TYPE_CHECKING:
    import httpx

TIMEOUT = 10.0
"""Seconds for connecting, and again for the answer."""


def payload(event: Event) -> dict[str, Any]:
    """An event as the inspection API shows it."""
    return {
        "id": event.id,
        "account": event.account,
        "at": to_iso(event.at),
        "type": event.type,
        "message": event.message,
        "recipient": event.recipient,
        "data": dict(event.data),
    }


def signature(secret: str, body: bytes) -> str:
    """`sha256=` and the HMAC of the body, for the header `X-Email-Sandbox-Signature`."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class PostOutlet:
    """A URL that wants some or all events."""

    def __init__(self, wish: Mapping[str, Any], allowed: Collection[str] = ()) -> None:
        """Take a settings row: url, types (none: all), secret. `TargetError` says which field is wrong."""
        if unknown := set(wish) - {"url", "types", "secret"}:
            raise TargetError(f"a callback has url, types and secret; not {', '.join(sorted(unknown))}")
        self.name = str(wish.get("url") or "")
        self._parts = urlsplit(self.name)
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise TargetError(f"callback url {self.name!r} is not an http or https URL")
        self._types = frozenset(wish.get("types") or ())
        self._secret = str(wish.get("secret") or "")
        self._allowed = frozenset(allowed)
        self._client: httpx.AsyncClient | None = None

    def wants(self, event: Event) -> bool:
        """Whether the event's type is among those asked for."""
        return not self._types or event.type in self._types

    async def tell(self, event: Event) -> tuple[bool, str]:
        """Post the event once; whether the answer was 2xx, and what it was."""
        import httpx  # noqa: PLC0415 - a tenth of a second that only those pay who have callbacks

        try:
            if self._client is None:
                self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
            response = await self._client.send(await self._request(self._client, event))
        except (httpx.HTTPError, TargetError) as error:
            return False, str(error) or type(error).__name__
        return response.is_success, f"{response.status_code} {response.reason_phrase}"

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _request(self, client: httpx.AsyncClient, event: Event) -> httpx.Request:
        """The request, to the address that was checked; the name stays in `Host` and in TLS."""
        host = self._parts.hostname or ""
        port = self._parts.port or (443 if self._parts.scheme == "https" else 80)
        address = await resolve(host, port, self._allowed)
        shown = f"[{address}]" if ":" in address else address
        body = json.dumps(payload(event)).encode()
        headers = {
            "Host": self._parts.netloc.rpartition("@")[2],
            "Content-Type": "application/json",
            "X-Email-Sandbox-Event": event.type,
        }
        if self._secret:
            headers["X-Email-Sandbox-Signature"] = signature(self._secret, body)
        url = self._parts._replace(netloc=f"{shown}:{port}").geturl()
        return client.build_request("POST", url, content=body, headers=headers, extensions={"sni_hostname": host})
