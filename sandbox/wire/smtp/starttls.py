"""Turns a connection into a TLS connection, and says why when that fails."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from asyncio import sslproto
from typing import Any, cast


class HandshakeError(ConnectionError):
    """The TLS handshake failed; the text says why, in words for the transcript."""


class _AlertingProtocol(sslproto.SSLProtocol):
    """asyncio's TLS, except that a client whose handshake fails is told so by an alert."""

    def _on_handshake_complete(self, handshake_exc: Any) -> None:
        if handshake_exc is not None:
            with contextlib.suppress(Exception):  # the alert is a courtesy to a client that may be gone
                self._process_outgoing()  # type: ignore[attr-defined]
        super()._on_handshake_complete(handshake_exc)


async def upgrade(
    protocol: asyncio.Protocol, transport: asyncio.Transport, context: ssl.SSLContext, *, seconds: float
) -> asyncio.Transport:
    """Serve TLS on `transport` for `protocol`; returns the transport to use from now on.

    Raises `HandshakeError` when there is no agreement within `seconds`; the connection is closed then.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    tls = _AlertingProtocol(
        loop,
        protocol,
        context,
        waiter,
        server_side=True,
        call_connection_made=False,
        ssl_handshake_timeout=seconds,  # type: ignore[arg-type]  # seconds may be a fraction
        ssl_shutdown_timeout=min(seconds, 5.0),
    )
    transport.set_protocol(tls)
    tls.connection_made(transport)
    secured = cast("asyncio.Transport", tls._get_app_transport())  # type: ignore[attr-defined]  # noqa: SLF001
    try:
        await waiter
    except (ssl.SSLError, OSError) as error:
        secured.abort()
        raise HandshakeError(_reason(error)) from error
    except asyncio.CancelledError:
        secured.abort()
        raise
    if secured.get_extra_info("cipher") is None:
        secured.abort()
        raise HandshakeError("the client went away")
    return secured


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "it failed").lower().replace("_", " ")
    if isinstance(error, ConnectionResetError):
        return "the client went away"
    return str(error) or type(error).__name__
