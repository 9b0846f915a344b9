"""One URL that is told something by POST, at an address that was checked first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.core.postings import Answer
from sandbox.wire.callbacks.loopback import TargetError, resolve

if TYPE_CHECKING:
    import httpx

TIMEOUT = 10.0
"""Seconds for connecting, and again for the answer."""


class Target:
    """Where requests go; keeps its connections between them."""

    def __init__(self, url: str, allowed: Collection[str] = ()) -> None:
        """`allowed` are hosts besides this machine; `TargetError` for what is no http or https URL."""
        self.url = url
        try:
            self._parts = urlsplit(url)
            port = self._parts.port
        except ValueError as error:
            raise TargetError(f"callback url {url!r} is not an http or https URL") from error
        if self._parts.scheme not in ("http", "https") or not self._parts.hostname:
            raise TargetError(f"callback url {url!r} is not an http or https URL")
        self._port = port or (443 if self._parts.scheme == "https" else 80)
        self._allowed = frozenset(allowed)
        self._client: httpx.AsyncClient | None = None

    async def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[bool, str]:
        """Post once; whether the answer was 2xx, and what it was. Never raises for what the other side does."""
        answer = await self.ask(body, headers)
        return answer.fine, answer.said

    async def ask(self, body: bytes, headers: Mapping[str, str], seconds: float = TIMEOUT) -> Answer:
        """Post once and read the answer, waiting up to `seconds`. Never raises for what the other side does."""
        import httpx  # noqa: PLC0415 - a tenth of a second that only those pay who have callbacks

        try:
            if self._client is None:
                self._client = httpx.AsyncClient(timeout=seconds, trust_env=False)
            response = await self._client.send(await self._request(self._client, body, headers))
        except (httpx.HTTPError, httpx.InvalidURL, TargetError, ValueError) as error:
            return Answer(fine=False, said=str(error) or type(error).__name__)
        said = f"{response.status_code} {response.reason_phrase}"
        return Answer(fine=response.is_success, said=said, body=response.content)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _request(self, client: httpx.AsyncClient, body: bytes, headers: Mapping[str, str]) -> httpx.Request:
        """The request, to the address that was checked; the name stays in `Host` and in TLS."""
        host = self._parts.hostname or ""
        address = await resolve(host, self._port, self._allowed)
        shown = f"[{address}]" if ":" in address else address
        url = self._parts._replace(netloc=f"{shown}:{self._port}").geturl()
        named = {"Host": self._parts.netloc.rpartition("@")[2], **headers}
        return client.build_request("POST", url, content=body, headers=named, extensions={"sni_hostname": host})
