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

from sandbox.wire.http.patience import Patience, in_pieces, patient_protocol

KEEP_ALIVE_SECONDS = 75
BACKLOG = 128
"""Connections that wait to be accepted; the loop takes as many in one go."""
TICK_SECONDS = 1.0
SHUTDOWN_SECONDS = 2
"""How long open HTTP requests (live streams among them) may go on after the stop."""


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the sandbox stops its listeners itself, and at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
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

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class HttpListener:
    """The application on one socket, with or without TLS."""

    def __init__(self, app: ASGIApp, server: socket.socket, context: ssl.SSLContext | None, patience: Patience) -> None:
        config = uvicorn.Config(
            in_pieces(app),
            interface="asgi3",
            http=patient_protocol(patience),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # no proxy is in front, and a client's address decides about its wrong log-ins
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ws="none",
            backlog=BACKLOG,
            ssl_context_factory=None if context is None else lambda _config, _default: context,
        )
        self._server = _Server(config)
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
