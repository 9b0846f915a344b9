"""The HTTP side of a sandbox as one application: viewers' pages, inspection API, every provider's API.

Loaded by the first connection, together with the frameworks that it needs.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence

from starlette.applications import Starlette

from sandbox.app.listeners import HttpListener
from sandbox.app.provider_routes import ProviderRoutes
from sandbox.core.services import Services
from sandbox.settings import Settings
from sandbox.window import Controls, guard, routes
from sandbox.wire.http.chaos import watch_handshakes
from sandbox.wire.http.patience import Patience
from sandbox.wire.provider import Provider


class Web:
    """One application on any number of listeners."""

    def __init__(
        self, services: Services, settings: Settings, providers: Sequence[Provider], controls: Controls
    ) -> None:
        self._services = services
        self._patience = Patience(seconds=settings.http_timeout, rate=settings.least_rate)
        self._apis = ProviderRoutes(services, settings, providers)
        app = Starlette(routes=[*routes(services, controls, settings.login), self._apis])
        self._app = guard(self._apis.straight(app), [settings.host, *settings.allowed_hosts])

    async def serve(self, server: socket.socket, context: Callable[[], ssl.SSLContext] | None) -> HttpListener:
        """Accept connections on a listening socket, under TLS if there is something that makes its context."""
        made = None if context is None else await asyncio.to_thread(context)
        if made is not None:
            watch_handshakes(made, self._services.accounts.ready_made)
        listener = HttpListener(self._app, server, made, self._patience)
        await listener.start()
        return listener

    def load_apis(self) -> None:
        """Load the providers' APIs now and not at their first call; from any thread."""
        self._apis.load()
