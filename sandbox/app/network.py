"""Every listener of a sandbox: HTTP, HTTPS, DNS and each provider's SMTP ports, bound at once and served when used."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from sandbox.app.binding import bind, bind_both
from sandbox.app.controls import AppControls
from sandbox.app.doorbell import Doorbell
from sandbox.core.services import Services
from sandbox.settings import Settings
from sandbox.wire.certificates import Certificates
from sandbox.wire.provider import Provider, SmtpListener

if TYPE_CHECKING:  # what follows is loaded by the first clients
    from sandbox.app.listeners import HttpListener
    from sandbox.app.web import Web
    from sandbox.wire.dns import OpenDns
    from sandbox.wire.smtp import OpenEndpoint

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Network:
    """The listeners of one sandbox."""

    def __init__(
        self, settings: Settings, services: Services, providers: Sequence[Provider], controls: AppControls
    ) -> None:
        self._settings = settings
        self._services = services
        self._providers = providers
        self._controls = controls
        self._certificates = Certificates(services.files / "tls", _certified(settings))
        self._prepared = False
        self._web: Web | None = None
        self._web_lock = Lock()
        self._http: list[Doorbell[HttpListener]] = []
        self._smtp: list[Doorbell[OpenEndpoint]] = []
        self._dns: list[Doorbell[OpenDns]] = []

    def open(self) -> None:
        """Bind every port, and listen for clients; raises `ListenerError` for the first that can't be had."""
        for name, secure in (("http", False), ("https", True)):
            self._open_web(name, secure=secure)
        self._open_dns()
        smtp = {provider.name: self._open_smtp(provider) for provider in self._providers}
        self._services.endpoints.update(smtp=smtp, ca_file=str(self._certificates.ca))
        for bell in self._bells():
            bell.watch()

    def _bells(self) -> list[Doorbell[Any]]:
        return [*self._http, *self._smtp, *self._dns]

    def _port(self, setting: str) -> int:
        return 0 if self._settings.ports == "auto" else int(getattr(self._settings.port, setting))

    def _open_web(self, name: str, *, secure: bool) -> None:
        server = bind(name.upper(), self._settings.host, self._port(name), f"--port-{name}")
        self._http.append(Doorbell(name.upper(), [server], partial(self._load_web, server, secure=secure)))
        self._services.endpoints[name] = f"{name}://{_in_url(self._settings.host)}:{_port_of(server)}"

    def _load_web(self, server: socket.socket, *, secure: bool) -> Callable[[], Awaitable[HttpListener]]:
        context = partial(self._context, alpn=("http/1.1",)) if secure else None
        return partial(self._application().serve, server, context)

    def _application(self) -> Web:
        """The application of both listeners; made once, on any thread."""
        from sandbox.app.web import Web  # noqa: PLC0415 - web server and framework wait for the first client

        with self._web_lock:
            if self._web is None:
                self._web = Web(self._services, self._settings, self._providers, self._controls)
            return self._web

    def _open_dns(self) -> None:
        host = self._settings.host
        stream, datagram = bind_both("DNS", host, self._port("dns"), "--port-dns")
        self._dns.append(Doorbell("DNS", [stream, datagram], partial(self._load_dns, stream, datagram)))
        self._services.endpoints["dns"] = {"host": _reachable(host), "port": _port_of(stream)}

    def _load_dns(self, stream: socket.socket, datagram: socket.socket) -> Callable[[], Awaitable[OpenDns]]:
        from sandbox.wire import dns  # noqa: PLC0415 - the DNS library waits for the first question

        resolve = dns.resolver(self._services.accounts, self._services.dns.authority)
        return partial(dns.serve, resolve, stream, datagram)

    def _open_smtp(self, provider: Provider) -> list[dict[str, Any]]:
        if provider.smtp is None:
            return []
        name, host, bound = f"{provider.title} SMTP", self._settings.host, dict[socket.socket, SmtpListener]()
        self._smtp.append(Doorbell(name, bound, partial(self._load_smtp, provider, bound)))
        for listener in provider.listeners:
            flag = "--port-" + listener.setting.replace("_", "-")
            bound[bind(name, host, self._port(listener.setting), flag)] = listener
        return [
            {
                "host": _reachable(host),
                "port": _port_of(server),
                "tls": listener.tls,
                "stands_for": listener.stands_for,
            }
            for server, listener in bound.items()
        ]

    def _load_smtp(
        self, provider: Provider, bound: Mapping[socket.socket, SmtpListener]
    ) -> Callable[[], Awaitable[OpenEndpoint]]:
        from sandbox.wire import smtp  # noqa: PLC0415 - the SMTP engine waits for the first client

        assert provider.smtp is not None
        section = getattr(self._settings, provider.name)
        personality = provider.smtp(section, provider.region(section))
        endpoint = smtp.Endpoint.of(self._services, provider.name, personality, section, self._settings.least_rate)
        context = partial(self._context, ciphers=personality.ciphers, tls13=section.tls13)
        return partial(smtp.serve, endpoint, bound, context)

    def _context(self, **wishes: Any) -> ssl.SSLContext:
        """A TLS context; makes what certificates are missing, so call it in a thread."""
        from sandbox.wire.tls import server_context  # noqa: PLC0415 - waits for the first client

        return server_context(self._certificates, **wishes)

    async def prepare(self) -> None:
        """See to it that what clients are told to trust is there."""
        if not self._prepared:
            await asyncio.to_thread(self._certificates.prepare)
            self._prepared = True

    async def warm_up(self) -> None:
        """Load everything now and not for the first clients."""
        for bell in self._bells():
            await bell.open()
        await asyncio.to_thread(self._application().load_apis)

    def forget(self, account: str) -> None:
        """Forgive what clients of an account got wrong: failed log-ins no longer count."""
        for bell in self._smtp:
            if bell.service is not None:
                bell.service.forget(account)

    async def close(self) -> None:
        """Stop accepting, end every conversation."""
        await asyncio.gather(*(bell.close() for bell in self._bells()))


def _certified(settings: Settings) -> Sequence[str]:
    """Every name and address under which clients may know the sandbox."""
    given = {name.strip("[]").lower() for name in (settings.host, *settings.allowed_hosts)}
    others = given - {*LOOPBACK, "0.0.0.0", "::"}  # noqa: S104 - not bound here
    return [*LOOPBACK, *sorted(name for name in others if name.isascii())]


def _port_of(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


def _reachable(host: str) -> str:
    """An address that a client on this machine can use when every interface is bound."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _in_url(host: str) -> str:
    reachable = _reachable(host)
    return f"[{reachable}]" if ":" in reachable else reachable
