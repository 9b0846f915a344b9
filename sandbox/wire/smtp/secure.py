"""TLS as a service on octets: what arrives goes in, what is to be sent comes out; it knows no socket.

asyncio's own TLS is not used: it keeps the alert of a failed handshake from the client, and costs more for each reply
than everything else that a session does.
"""

from __future__ import annotations

import contextlib
import ssl

RECORD = 16_384
"""Octets of clear text in a TLS record at the most, RFC 8446 section 5.1."""


class HandshakeError(ConnectionError):
    """The TLS handshake failed; the text says why, in words for the transcript."""


class SecureLayer:
    """The server's end of one TLS connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._engine = context.wrap_bio(self._arrived, self._leaving, server_side=True)
        self.established = False
        """Whether the handshake is over."""

    def receive(self, octets: bytes | memoryview) -> None:
        """Take what arrived from the client."""
        self._arrived.write(octets)

    def shake_hands(self) -> bool:
        """Go on with the handshake as far as it goes; True once it is over.

        Raises `HandshakeError`; even then there may be something to send, the alert.
        """
        try:
            self._engine.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except (ssl.SSLError, OSError) as error:
            raise HandshakeError(_reason(error)) from error
        self.established = True
        return True

    def read(self) -> bytes | None:
        """Clear text, empty when the client closed its side, None when nothing more has arrived.

        Raises `ssl.SSLError` for what is no TLS.
        """
        if not (self._arrived.pending or self._engine.pending()):
            return None
        try:
            return self._engine.read(RECORD)
        except ssl.SSLWantReadError:
            return None

    def seal(self, octets: bytes) -> bytes:
        """The clear text as it is to be sent."""
        self._engine.write(octets)
        return self._leaving.read()

    def leaving(self) -> bytes:
        """What else is to be sent: the handshake, tickets, alerts."""
        return self._leaving.read()

    def farewell(self) -> bytes:
        """What closes the server's side."""
        with contextlib.suppress(ssl.SSLError, OSError):  # the client's farewell has not arrived yet, or never will
            self._engine.unwrap()
        return self._leaving.read()

    def describe(self) -> dict[str, str]:
        """Version and cipher suite in use."""
        cipher = self._engine.cipher()
        return {"version": self._engine.version() or "", "cipher": cipher[0] if cipher else ""}


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "it failed").lower().replace("_", " ")
    return str(error) or type(error).__name__
