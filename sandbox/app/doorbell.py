"""Listens for the first client of a service, which is loaded and opened only then; the client waits in the backlog.

A run loads what it uses: a test that sends mail over SMTP pays for no web server, one without mail for no SMTP.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Collection
from typing import Generic, Protocol, TypeVar

AGAIN_SECONDS = 1.0
"""The real pause before a service that could not be opened is tried again."""
log = logging.getLogger(__name__)


class Opened(Protocol):
    """A service that accepts connections."""

    async def close(self) -> None:
        """Stop accepting, and end what goes on."""
        ...


ServiceT = TypeVar("ServiceT", bound=Opened)


class Doorbell(Generic[ServiceT]):
    """The listening sockets of one service, which is opened at the first connection or datagram, or when asked for."""

    def __init__(
        self,
        name: str,
        sockets: Collection[socket.socket],
        load: Callable[[], Callable[[], Awaitable[ServiceT]]],
    ) -> None:
        """`load` imports what is needed, on a thread, and gives what then starts to serve on the sockets."""
        self.service: ServiceT | None = None
        self._name = name
        self._sockets = sockets
        self._load = load
        self._opening: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._watching = False
        self._closed = False

    def watch(self) -> None:
        """Wait for the first client; opens the service at once where the loop can't watch sockets."""
        self._again = None
        loop = asyncio.get_running_loop()
        try:
            for one in self._sockets:
                loop.add_reader(one, self._ring)
        except NotImplementedError:  # the loop of Windows
            self._ring()
            return
        self._watching = True

    def _ring(self) -> None:
        self._leave()
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open(), name=f"open {self._name}")

    def _leave(self) -> None:
        if self._watching:
            self._watching = False
            loop = asyncio.get_running_loop()
            for one in self._sockets:
                loop.remove_reader(one)

    async def _open(self) -> None:
        """Open the service, or wait for the next client a little later: descriptors may be short, or memory."""
        try:
            serve = await asyncio.to_thread(self._load)
            if not self._closed:
                self.service = await serve()
        except Exception:
            log.exception("%s can't be served; trying again", self._name)
            self._opening = None
            self._again = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.watch)

    async def open(self) -> None:
        """Open the service now, and return when it accepts connections."""
        if self._again is None:
            self._ring()
        if self._opening is not None:
            await asyncio.shield(self._opening)

    async def close(self) -> None:
        """Stop listening, and close what is open; clients that still wait are turned away."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        self._leave()
        if self._opening is not None:
            await self._opening
        if self._again is not None:
            self._again.cancel()
        if self.service is not None:
            await self.service.close()
        for one in self._sockets:
            one.close()
