"""Takes the clients of a listening socket in; waits when there are no file descriptors left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

AT_ONCE = 128
"""Clients taken in before those that are there have their turn."""
AGAIN_SECONDS = 1.0
"""Until a listener tries again that found no descriptor for a client."""


class Acceptor:
    """Hands each client of a listening socket to `take`, with its address and port; on the running loop."""

    def __init__(self, server: socket.socket, take: Callable[[socket.socket, tuple[str, int]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._take = take
        self._again: asyncio.TimerHandle | None = None
        server.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        self._watch()

    def _watch(self) -> None:
        self._loop.add_reader(self._server.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                client, address = self._server.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            try:
                client.setblocking(False)  # noqa: FBT003 - see above
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:  # gone again already
                client.close()
                continue
            self._take(client, (str(address[0]), int(address[1])))

    def _pause(self, error: OSError) -> None:
        """Tell the loop's handler, which knows a shortage of descriptors, and try again later."""
        self._loop.call_exception_handler(
            {"message": "no client can be accepted", "exception": error, "socket": self._server}
        )
        self._loop.remove_reader(self._server.fileno())
        self._again = self._loop.call_later(AGAIN_SECONDS, self._watch)

    def close(self) -> None:
        """Take nobody in any more, and close the socket."""
        if self._again is not None:
            self._again.cancel()
        if self._server.fileno() >= 0:
            self._loop.remove_reader(self._server.fileno())
            self._server.close()
