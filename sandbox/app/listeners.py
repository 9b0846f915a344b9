"""Sockets of the HTTP side, and the one error for every port that can't be had."""

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
from sandbox.wire.pace import keep_little_waiting

KEEP_ALIVE_SECONDS = 75
BACKLOG = 128
"""Connections that wait to be accepted; the loop takes as many in one go."""
TICK_SECONDS = 1.0
SHUTDOWN_SECONDS = 2
"""How long open HTTP requests (live streams among them) may go on after the stop."""


class ListenerError(Exception):
    """A port can't be used; the message is ready to be printed."""

    def __init__(self, name: str, host: str, port: int, flag: str, reason: OSError) -> None:
        why = reason.strerror or str(reason)
        super().__init__(
            f"the {name} listener can't use port {port} on {host} ({why}): "
            f"choose another with {flag} N, or any free ones with --ports auto"
        )


def bind(name: str, host: str, port: int, flag: str) -> socket.socket:
    """A listening socket; `ListenerError` when the port is taken or not ours to use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol; answers would wait 40 ms.
    server = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keep_little_waiting(server)
        server.bind((host, port))
        server.listen(BACKLOG)
    except OSError as error:
        server.close()
        raise ListenerError(name, host, port, flag, error) from error
    server.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return server


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
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ws="none",
            backlog=BACKLOG,
            ssl_context_factory=None if context is None else lambda _config, _default: context,
        )
        self.port: int = server.getsockname()[1]
        self._server = _Server(config)
        self._socket = server
        self._task: asyncio.Task[Any] | None = None

    async def start(self) -> None:
        """Accept connections."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name=f"http-{self.port}")
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Close the socket, let running requests end, then cut them off."""
        self._server.end()
        if self._task is not None:
            await self._task
        self._socket.close()
