"""SMTP as a service: accepts sessions on the listeners of a provider's endpoint, and ends them with it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import partial

from sandbox.wire.provider import SmtpListener
from sandbox.wire.smtp.accepting import Acceptor
from sandbox.wire.smtp.connection import Connection, Room
from sandbox.wire.smtp.endpoint import Endpoint
from sandbox.wire.smtp.limits import Limits
from sandbox.wire.smtp.session import SmtpSession

__all__ = ["Endpoint", "Limits", "OpenEndpoint", "serve"]


class OpenEndpoint:
    """A provider's endpoint, whose listeners accept sessions."""

    def __init__(self, endpoint: Endpoint, context: asyncio.Future[ssl.SSLContext]) -> None:
        self._endpoint = endpoint
        self._context = context
        self._sessions: set[SmtpSession] = set()
        self._acceptors: list[Acceptor] = []

    def accept(self, server: socket.socket, listener: SmtpListener) -> None:
        """Start accepting on a listening socket."""
        self._acceptors.append(Acceptor(server, partial(self._take, listener, Room())))

    def _take(self, listener: SmtpListener, room: Room, client: socket.socket, peer: tuple[str, int]) -> None:
        connection = Connection(client, peer, room)
        SmtpSession(self._endpoint, listener, self._context, self._sessions, connection).begin()

    def forget(self, account: str) -> None:
        """Forgive what clients of an account (by its id) got wrong: failed log-ins no longer count."""
        self._endpoint.reset(account)

    async def close(self) -> None:
        """Stop accepting, then end every session and wait for it; a message being accepted is finished first."""
        for acceptor in self._acceptors:
            acceptor.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.shut_down()
        await asyncio.gather(*(session.ended() for session in sessions))
        await asyncio.gather(self._context, return_exceptions=True)


async def serve(
    endpoint: Endpoint, listeners: Mapping[socket.socket, SmtpListener], context: Callable[[], ssl.SSLContext]
) -> OpenEndpoint:
    """Accept sessions on listening sockets.

    `context` makes what serves STARTTLS, or the connection from its first octet on when a listener's `tls` is
    `implicit`. It is made on a thread meanwhile: handshakes wait for it.
    """
    opened = OpenEndpoint(endpoint, asyncio.ensure_future(asyncio.to_thread(context)))
    for server, listener in listeners.items():
        opened.accept(server, listener)
    return opened
