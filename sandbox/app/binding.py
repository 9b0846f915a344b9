"""Sockets of every listener, and the one error for every port that can't be had."""

from __future__ import annotations

import errno
import os
import socket

from sandbox.wire.pace import keep_little_waiting

BACKLOG = 512
"""Connections that wait to be accepted."""
ATTEMPTS = 20
"""Free ports that are tried until one is free for both transports."""


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
    try:
        return _stream(host, port)
    except OSError as error:
        raise ListenerError(name, host, port, flag, error) from error


def bind_both(name: str, host: str, port: int, flag: str) -> tuple[socket.socket, socket.socket]:
    """Sockets for TCP and UDP on the same port, on a free one when it is 0; `ListenerError` when it can't be had."""
    reason = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    for _ in range(ATTEMPTS if port == 0 else 1):
        stream = bind(name, host, port, flag)
        try:
            return stream, _datagram(host, stream.getsockname()[1])
        except OSError as error:
            stream.close()
            reason = error
    raise ListenerError(name, host, port, flag, reason) from reason


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _stream(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol; answers would wait 40 ms.
    server = socket.socket(_family(host), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would take a port that somebody else listens on
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keep_little_waiting(server)
        server.bind((host, port))
        server.listen(BACKLOG)
        server.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    except OSError:
        server.close()
        raise
    return server


def _datagram(host: str, port: int) -> socket.socket:
    server = socket.socket(_family(host), socket.SOCK_DGRAM)
    try:
        server.bind((host, port))
        server.setblocking(False)  # noqa: FBT003 - see above
    except OSError:
        server.close()
        raise
    return server
