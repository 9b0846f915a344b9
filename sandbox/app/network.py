"""Every listener of a sandbox: HTTP, HTTPS and each provider's SMTP ports."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

from sandbox.app.controls import AppControls
from sandbox.app.listeners import HttpListener, ListenerError, bind
from sandbox.app.provider_routes import ProviderRoutes
from sandbox.core.services import Services
from sandbox.settings import Settings
from sandbox.window import guard, routes
from sandbox.wire.certificates import Certificates, add_rsa, certificates
from sandbox.wire.http.patience import Patience
from sandbox.wire.provider import Provider, SmtpListener
from sandbox.wire.smtp import Endpoint, OpenListener, listen
from sandbox.wire.tls import server_context

if TYPE_CHECKING:
    from sandbox.wire.dns import OpenDns

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Network:
    """The listeners of one sandbox."""

    def __init__(self, settings: Settings, services: Services, providers: Sequence[Provider]) -> None:
        self._settings = settings
        self._services = services
        self._providers = providers
        self._apis = ProviderRoutes(services, settings, providers)
        self._http: list[HttpListener] = []
        self._smtp: list[OpenListener] = []
        self._endpoints: list[Endpoint] = []
        self._contexts: list[asyncio.Task[ssl.SSLContext]] = []
        self._dns: OpenDns | None = None

    def load_apis(self) -> None:
        """Load the providers' APIs now and not at their first call; from any thread."""
        self._apis.load()

    async def open(self, controls: AppControls) -> None:
        """Bind and accept on every port; raises `ListenerError` for the first that can't be had."""
        names = _certified(self._settings)
        paths = certificates(self._services.files / "tls", names)
        await self._open_http(controls, paths)
        await self._open_dns()
        smtp: dict[str, list[dict[str, Any]]] = {}
        for provider in self._providers:
            smtp[provider.name] = await self._open_smtp(provider, paths, names)
        self._services.endpoints.update(smtp=smtp, ca_file=str(paths.ca))

    def _port(self, setting: str) -> int:
        return 0 if self._settings.ports == "auto" else int(getattr(self._settings.port, setting))

    async def _open_http(self, controls: AppControls, paths: Certificates) -> None:
        app = Starlette(routes=[*routes(self._services, controls, self._settings.login), self._apis])
        guarded = guard(self._apis.straight(app), [self._settings.host, *self._settings.allowed_hosts])
        for name, context in (("http", None), ("https", server_context(paths, alpn=("http/1.1",)))):
            await self._open_web(name, guarded, context)

    async def _open_web(self, name: str, app: Any, context: ssl.SSLContext | None) -> None:
        server = bind(name.upper(), self._settings.host, self._port(name), f"--port-{name}")
        patience = Patience(seconds=self._settings.http_timeout, rate=self._settings.least_rate)
        listener = HttpListener(app, server, context, patience)
        self._http.append(listener)
        await listener.start()
        self._services.endpoints[name] = f"{name}://{_in_url(self._settings.host)}:{listener.port}"

    async def _open_dns(self) -> None:
        from sandbox.wire import dns  # noqa: PLC0415 - the DNS library is not needed before there is a listener

        host, port = self._settings.host, self._port("dns")
        resolve = dns.resolver(self._services.accounts, self._services.dns.authority)
        try:
            self._dns = await dns.serve(resolve, host=host, port=port)
        except OSError as error:
            raise ListenerError("DNS", host, port, "--port-dns", error) from error
        self._services.endpoints["dns"] = {"host": _reachable(host), "port": self._dns.port}

    async def _open_smtp(self, provider: Provider, paths: Certificates, names: Sequence[str]) -> list[dict[str, Any]]:
        if provider.smtp is None:
            return []
        section = getattr(self._settings, provider.name)
        personality = provider.smtp(section, provider.region(section))
        make = partial(_smtp_context, paths, names, personality.ciphers, tls13=section.tls13)
        context = asyncio.create_task(asyncio.to_thread(make), name=f"{provider.name}-tls")
        self._contexts.append(context)
        endpoint = Endpoint.of(self._services, provider.name, personality, section, self._settings.least_rate)
        self._endpoints.append(endpoint)
        return [
            await self._open_port(f"{provider.title} SMTP", endpoint, listener, context)
            for listener in personality.listeners
        ]

    async def _open_port(
        self, name: str, endpoint: Endpoint, listener: SmtpListener, context: asyncio.Future[ssl.SSLContext]
    ) -> dict[str, Any]:
        host, port = self._settings.host, self._port(listener.setting)
        try:
            server = await listen(endpoint, listener, host=host, port=port, context=context)
        except OSError as error:
            raise ListenerError(name, host, port, "--port-" + listener.setting.replace("_", "-"), error) from error
        self._smtp.append(server)
        return {
            "host": _reachable(host),
            "port": server.port,
            "tls": listener.tls,
            "stands_for": listener.stands_for,
        }

    def forget(self, account: str) -> None:
        """Forgive what clients of an account got wrong: failed log-ins no longer count."""
        for endpoint in self._endpoints:
            endpoint.reset(account)

    async def close(self) -> None:
        """Stop accepting, end every conversation."""
        await asyncio.gather(*(server.close() for server in self._smtp), *(one.stop() for one in self._http))
        await asyncio.gather(*self._contexts, return_exceptions=True)
        if self._dns is not None:
            await self._dns.close()


def _smtp_context(paths: Certificates, names: Sequence[str], ciphers: Sequence[str], *, tls13: bool) -> ssl.SSLContext:
    """The context of a provider's SMTP; a named list of suites needs an RSA key, which takes its time to make."""
    if ciphers:
        add_rsa(paths, names)
    return server_context(paths, ciphers=ciphers, tls13=tls13)


def _certified(settings: Settings) -> Sequence[str]:
    """Every name and address under which clients may know the sandbox."""
    given = {name.strip("[]").lower() for name in (settings.host, *settings.allowed_hosts)}
    others = given - {*LOOPBACK, "0.0.0.0", "::"}  # noqa: S104 - not bound here
    return [*LOOPBACK, *sorted(name for name in others if name.isascii())]


def _reachable(host: str) -> str:
    """An address that a client on this machine can use when every interface is bound."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _in_url(host: str) -> str:
    reachable = _reachable(host)
    return f"[{reachable}]" if ":" in reachable else reachable
