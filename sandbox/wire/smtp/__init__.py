"""SMTP as a service: opens a listener of a provider's endpoint and stops it again, with every session on it."""

from __future__ import annotations

import asyncio
import socket
import ssl

from sandbox.wire.pace import keep_little_waiting
from sandbox.wire.provider import SmtpListener
from sandbox.wire.smtp.accepting import Acceptor
from sandbox.wire.smtp.connection import Connection, Room
from sandbox.wire.smtp.endpoint import Endpoint
from sandbox.wire.smtp.limits import Limits
from sandbox.wire.smtp.session import SmtpSession

__all__ = ["Endpoint", "Limits", "OpenListener", "listen"]


class OpenListener:
    """A port on which sessions are accepted."""

    def __init__(self, endpoint: Endpoint, listener: SmtpListener, context: asyncio.Future[ssl.SSLContext]) -> None:
        self.listener = listener
        self.port = 0
        self._endpoint = endpoint
        self._context = context
        self._sessions: set[SmtpSession] = set()
        self._room = Room()
        self._server: Acceptor | None = None

    async def open(self, host: str, port: int) -> None:
        """Start accepting; raises `OSError` when the port is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = socket.create_server((host, port), family=family, backlog=512)
        keep_little_waiting(server)
        self.port = server.getsockname()[1]
        self._server = Acceptor(server, self._take)

    def _take(self, client: socket.socket, peer: tuple[str, int]) -> None:
        connection = Connection(client, peer, self._room)
        SmtpSession(self._endpoint, self.listener, self._context, self._sessions, connection).begin()

    async def close(self) -> None:
        """Stop accepting, then end every session and wait for it; a message being accepted is finished first."""
        if self._server is not None:
            self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.shut_down()
        await asyncio.gather(*(session.ended() for session in sessions))


async def listen(
    endpoint: Endpoint, listener: SmtpListener, *, host: str, port: int, context: asyncio.Future[ssl.SSLContext]
) -> OpenListener:
    """Open one of the endpoint's listeners on `host` and `port` (0 takes a free one, see `OpenListener.port`).

    `context` serves STARTTLS, or the connection from its first octet on when the listener's `tls` is `implicit`.
    It may still be in the making: handshakes wait for it. Raises `OSError` when the port is taken.
    """
    opened = OpenListener(endpoint, listener, context)
    await opened.open(host, port)
    return opened
