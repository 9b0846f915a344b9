"""Posts events as JSON to a URL, signed with a shared secret when there is one."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from typing import Any

from sandbox.core.clock import to_iso
from sandbox.core.model import Event
from sandbox.wire.callbacks.loopback import TargetError
from sandbox.wire.callbacks.target import Target


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
        self._target = Target(self.name, allowed)
        self._types = frozenset(wish.get("types") or ())
        self._secret = str(wish.get("secret") or "")

    def wants(self, event: Event) -> bool:
        """Whether the event's type is among those asked for."""
        return not self._types or event.type in self._types

    async def tell(self, event: Event) -> tuple[bool, str]:
        """Post the event once; whether the answer was 2xx, and what it was."""
        body = json.dumps(payload(event)).encode()
        headers = {"Content-Type": "application/json", "X-Email-Sandbox-Event": event.type}
        if self._secret:
            headers["X-Email-Sandbox-Signature"] = signature(self._secret, body)
        return await self._target.post(body, headers)

    async def close(self) -> None:
        """Close the connections."""
        await self._target.close()
