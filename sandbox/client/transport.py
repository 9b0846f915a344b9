"""Carries requests to a sandbox's inspection API and turns its errors into exceptions."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.client.errors import ApiError, UnreachableError

if TYPE_CHECKING:
    import httpx

PREFIX = "/sandbox/v1"
_PATIENCE = 10.0
"""Seconds for an ordinary answer; waiting requests add their own."""


class Transport:
    """One connection pool to one sandbox, speaking for one account."""

    def __init__(self, url: str, account: str | None = None, ca_file: str | None = None) -> None:
        """`ca_file` is the sandbox's CA, needed for an `https:` URL only."""
        self.url = url.rstrip("/")
        self.account = account
        self._ca_file = ca_file
        self._opened: httpx.Client | None = None

    @property
    def _http(self) -> httpx.Client:
        if self._opened is None:
            import httpx  # noqa: PLC0415 - not paid for by whoever only imports the client

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if self._ca_file:
                context.load_verify_locations(self._ca_file)
            self._opened = httpx.Client(verify=context, trust_env=False, timeout=_PATIENCE)
        return self._opened

    def json(self, method: str, path: str, *, wait: float = 0.0, body: Any = None, **params: Any) -> Any:
        """The JSON object that answers a request under `/sandbox/v1`; None when it has no content.

        `wait` adds seconds that the sandbox may take. Raises `ApiError` or `UnreachableError`.
        """
        response = self._send(method, path, wait=wait, body=body, params=params)
        if not response.content:
            return None
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UnreachableError(f"what answers at {self.url} is no email sandbox")
        return answer

    def octets(self, path: str) -> bytes:
        """The bytes of a resource under `/sandbox/v1`."""
        return self._send("GET", path, wait=0.0, body=None, params={}).content

    def lines(self, path: str, headers: Mapping[str, str]) -> Iterator[str]:
        """Lines of an endless answer, until the sandbox ends it or the caller stops."""
        import httpx  # noqa: PLC0415 - see above

        url, params = self._target(path, {})
        timeout = httpx.Timeout(_PATIENCE, read=None)
        try:
            with self._http.stream("GET", url, params=params, headers=dict(headers), timeout=timeout) as response:
                if response.is_error:
                    response.read()
                    raise _api_error(response, self.url)
                yield from response.iter_lines()
        except httpx.TransportError as error:
            raise UnreachableError(self._silent(error)) from error

    def _target(self, path: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        known = {name: value for name, value in params.items() if value is not None}
        if self.account is not None:
            known["account"] = self.account
        return f"{self.url}{PREFIX}{path}", known

    def _send(self, method: str, path: str, *, wait: float, body: Any, params: Mapping[str, Any]) -> httpx.Response:
        import httpx  # noqa: PLC0415 - see above

        url, known = self._target(path, params)
        try:
            response = self._http.request(method, url, params=known, json=body, timeout=_PATIENCE + wait)
        except (httpx.TransportError, httpx.InvalidURL, UnicodeError) as error:
            raise UnreachableError(self._silent(error)) from error
        if response.is_error:
            raise _api_error(response, self.url)
        return response

    def _silent(self, error: Exception) -> str:
        return f"no email sandbox answers at {self.url} ({error or type(error).__name__})"

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None


def _api_error(response: httpx.Response, url: str) -> ApiError | UnreachableError:
    try:
        detail = response.json()["error"]
        return ApiError(response.status_code, str(detail["code"]), str(detail["message"]))
    except (ValueError, KeyError, TypeError):
        return UnreachableError(f"what answers at {url} is no email sandbox (HTTP {response.status_code})")
