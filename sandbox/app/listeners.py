"""An HTTP application on a socket, served by uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.wire.closing import stop_listening
from sandbox.wire.http.patience import Arriving, Patience, PatientProtocol, in_pieces, patient_protocol

KEEP_ALIVE_SECONDS = 75
BACKLOG = 128
"""Connections that wait to be accepted; the loop takes as many in one go."""
TICK_SECONDS = 1.0
GOODBYE_SECONDS = 0.5
"""How long clients without a request may take to close their side after the stop."""
SHUTDOWN_SECONDS = 2
"""How long open HTTP requests (live streams among them) may go on after the stop."""
LAST_SECONDS = SHUTDOWN_SECONDS + 1
"""After which what still works on a request is cancelled, though its connection is gone."""


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the sandbox stops its listeners itself, and at once."""

    def __init__(self, config: uvicorn.Config, arriving: Arriving) -> None:
        """`arriving` are the clients that the protocol of `config` has no connection to yet."""
        super().__init__(config)
        self._arriving = arriving
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Leave the main loop."""
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """Set the clock of the Date header every second, until the end; uvicorn's own loop looks ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests end and clients go, then cut what is left; uvicorn leaves it open.

        That is a TLS client that says no goodbye or has not shaken hands, and one that was taken in just now.
        """
        loop = asyncio.get_running_loop()
        cuts = [loop.call_later(GOODBYE_SECONDS, self._cut_idle), loop.call_later(SHUTDOWN_SECONDS, self._cut)]
        for server in self.servers:
            await stop_listening(server)
        await self._turn_away()
        await super().shutdown(sockets)
        await self._turn_away()
        for one in cuts:
            one.cancel()

    async def _turn_away(self) -> None:
        """Close those that came just now."""
        arriving = list(self._arriving)
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)

    def _connections(self) -> list[PatientProtocol]:
        return [one for one in self.server_state.connections if isinstance(one, PatientProtocol)]

    def _cut_idle(self) -> None:
        for connection in self._connections():
            if connection.idle:
                connection.cut()

    def _cut(self) -> None:
        for connection in self._connections():
            connection.cut()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class HttpListener:
    """The application on one socket, with or without TLS."""

    def __init__(self, app: ASGIApp, server: socket.socket, context: ssl.SSLContext | None, patience: Patience) -> None:
        arriving: Arriving = set()
        config = uvicorn.Config(
            in_pieces(app),
            interface="asgi3",
            http=patient_protocol(patience, arriving),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # no proxy is in front, and a client's address decides about its wrong log-ins
            timeout_graceful_shutdown=LAST_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ws="none",
            backlog=BACKLOG,
            ssl_context_factory=None if context is None else lambda _config, _default: context,
        )
        self._server = _Server(config, arriving)
        self._socket = server
        self._task: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """Accept connections."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http")
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Close the socket, let running requests end, then cut them off."""
        self._server.end()
        if self._task is not None:
            await self._task
        self._socket.close()
