"""Carries requests to a sandbox's inspection API and turns its errors into exceptions."""

from __future__ import annotations

import json
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from sandbox.client.errors import ApiError, UnreachableError, tells_all
from sandbox.client.login import header, without_login

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

__tracebackhide__ = tells_all

PREFIX = "/sandbox/v1"
_PATIENCE = 10.0
"""Seconds for an ordinary answer; waiting requests add their own."""


class Transport:
    """The connections to one sandbox, speaking for one account; threads may share it."""

    def __init__(self, url: str, account: str | None = None, ca_file: str | None = None) -> None:
        """`ca_file` is the sandbox's CA, for an `https:` URL; without it the system's and `SSL_CERT_FILE` count."""
        self.account = account
        self.point_at(url)
        self._ca_file = ca_file
        self._lock = threading.Lock()
        self._idle: list[HTTPConnection] = []
        self._busy: dict[int, HTTPConnection] = {}
        """The connection that each thread waits on."""

    def point_at(self, url: str) -> None:
        """Speak to the sandbox at this URL from now on; a login in it goes into a header and is shown nowhere."""
        plain, self.login = without_login(url)
        self.url = plain.rstrip("/")
        self._authorization = header(self.login)

    def json(self, method: str, path: str, *, wait: float = 0.0, body: Any = None, **params: Any) -> Any:
        """The JSON object that answers a request under `/sandbox/v1`; None when it has no content.

        `wait` adds seconds that the sandbox may take. Raises `ApiError` or `UnreachableError`.
        """
        octets = self._exchange(method, path, params, body=body, patience=_PATIENCE + wait)
        if not octets:
            return None
        try:
            answer = json.loads(octets)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UnreachableError(f"what answers at {self.url} is no email sandbox")
        return answer

    def octets(self, path: str, **params: Any) -> bytes:
        """The bytes of a resource under `/sandbox/v1`."""
        return self._exchange("GET", path, params)

    def lines(self, path: str, headers: Mapping[str, str]) -> Iterator[str]:
        """Lines of an endless answer, until the sandbox ends it, the caller stops, or the transport is closed."""
        connection = self._connection()
        try:
            response = self._send(connection, "GET", path, {}, headers=headers)
            if response.status >= 400:
                raise _api_error(response.status, response.read(), self.url)
            _wait_for(connection, None)
            for line in response:
                yield line.decode("utf-8", "replace").rstrip("\r\n")
        except _failures() as error:
            raise UnreachableError(self._silent(error)) from error
        finally:
            self._leave()
            connection.close()

    def _exchange(
        self, method: str, path: str, params: Mapping[str, Any], *, body: Any = None, patience: float = _PATIENCE
    ) -> bytes:
        connection = self._connection()
        kept = False
        try:
            response = self._send(connection, method, path, params, body=body, patience=patience)
            octets, status = response.read(), response.status
            kept = not response.will_close
        except _failures() as error:
            raise UnreachableError(self._silent(error)) from error
        finally:
            self._leave()
            self._keep(connection) if kept else connection.close()
        if status >= 400:
            raise _api_error(status, octets, self.url)
        return octets

    def _send(
        self,
        connection: HTTPConnection,
        method: str,
        path: str,
        params: Mapping[str, Any],
        *,
        body: Any = None,
        patience: float = _PATIENCE,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        with self._lock:
            self._busy[threading.get_ident()] = connection
        known = {name: str(value) for name, value in params.items() if value is not None}
        if self.account is not None:
            known["account"] = self.account
        target = f"{urlsplit(self.url).path}{PREFIX}{path}" + (f"?{urlencode(known)}" if known else "")
        octets = None if body is None else json.dumps(body).encode()
        _wait_for(connection, patience)
        connection.request(
            method,
            target,
            octets,
            {"Accept": "application/json", **_described(octets), **self._authorization, **(headers or {})},
        )
        return connection.getresponse()

    def _connection(self) -> HTTPConnection:
        """A connection that the sandbox has not closed meanwhile, or a new one."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._open()
            if connection.sock is not None and not _readable(connection):
                return connection
            connection.close()

    def _open(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection, InvalidURL  # noqa: PLC0415 - for its first use only

        try:
            where = urlsplit(self.url)
            host, port = where.hostname, where.port
            if where.scheme == "http" and host:
                return HTTPConnection(host, port, timeout=_PATIENCE)
            if where.scheme == "https" and host:
                return HTTPSConnection(host, port, timeout=_PATIENCE, context=self._trust())
        except (ValueError, InvalidURL) as error:
            raise UnreachableError(self._silent(error)) from error
        raise UnreachableError(f"no email sandbox answers at {self.url!r}: it is no URL like http://127.0.0.1:8025")

    def _trust(self) -> ssl.SSLContext:
        """Trusts the CA that was named; without one, the system's and `SSL_CERT_FILE`: a proxy may end TLS."""
        return ssl.create_default_context(cafile=self._ca_file)

    def _keep(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._idle.append(connection)

    def _leave(self) -> None:
        with self._lock:
            self._busy.pop(threading.get_ident(), None)

    def interrupt(self, thread: int) -> None:
        """Cut what a thread waits for; its request ends with `UnreachableError`."""
        with self._lock:
            connection = self._busy.get(thread)
        if connection is not None and connection.sock is not None:
            _cut(connection)

    def _silent(self, error: BaseException) -> str:
        return f"no email sandbox answers at {self.url} ({error or type(error).__name__})"

    def close(self) -> None:
        """Close the connections that are not in use; the next request opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def _failures() -> tuple[type[Exception], ...]:
    from http.client import HTTPException  # noqa: PLC0415 - for its first use only

    return (OSError, HTTPException, UnicodeError)


def _described(octets: bytes | None) -> dict[str, str]:
    return {} if octets is None else {"Content-Type": "application/json"}


def _wait_for(connection: HTTPConnection, seconds: float | None) -> None:
    connection.timeout = seconds
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _readable(connection: HTTPConnection) -> bool:
    """Whether something lies on an idle connection: the end of it, since nothing was asked."""
    with selectors.DefaultSelector() as watched:
        watched.register(connection.sock, selectors.EVENT_READ)
        return bool(watched.select(0))


def _cut(connection: HTTPConnection) -> None:
    with suppress(OSError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _api_error(status: int, octets: bytes, url: str) -> ApiError | UnreachableError:
    try:
        answer = json.loads(octets)
        detail = answer["error"]
        return ApiError(status, str(detail["code"]), str(detail["message"]))
    except (ValueError, KeyError, TypeError):
        return UnreachableError(f"what answers at {url} is no email sandbox (HTTP {status})")
