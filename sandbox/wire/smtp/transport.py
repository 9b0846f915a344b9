"""A client's socket: non-blocking, in the clear or under TLS; what can't be sent yet waits until the client reads.

asyncio's transports are not used. Under TLS they keep the alert of a failed handshake from the client, and for each
reply they cost more than everything else that a session does; OpenSSL on the socket itself does with two calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

RECORD = 16_384
"""Octets of clear text in a TLS record at the most, RFC 8446 section 5.1."""
ROOM = 65_536
"""Octets that are read at once in the clear."""
BURST = 8
"""Full TLS records that are read in a row before other clients have their turn."""
HIGH, LOW = 65_536, 16_384
"""Octets unread by the client from which on replies wait, and at which they go on."""
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class HandshakeError(ConnectionError):
    """The TLS handshake failed; the text says why, in words for the transcript."""


class Transport:
    """One connected socket on the running loop; nothing is read before `release`."""

    def __init__(
        self,
        client: socket.socket,
        room: memoryview,
        received: Callable[[memoryview], None],
        ended: Callable[[OSError | None], None],
    ) -> None:
        """`received` gets octets, which it must take out at once, since all connections share the `room` they are in.

        `ended` is called when the client says nothing more, with the error if there is one.
        """
        self._loop = asyncio.get_running_loop()
        self._socket = client
        self._descriptor = client.fileno()
        self._room = room
        self._received = received
        self._ended = ended
        self._tls: ssl.SSLSocket | None = None
        self._shaken: asyncio.Future[None] | None = None
        self._unsent = bytearray()
        self._watched = False
        self._finishing = self._closes = False
        self.closing = False
        """Whether nothing can be said any more."""
        self.drained: asyncio.Future[None] | None = None
        """Done when the client has read enough of what was said; None when it has."""
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done once the connection is gone."""

    # reading

    def release(self) -> None:
        """Read what arrives."""
        if not self._watched and not self.lost.done():
            self._watched = True
            self._loop.add_reader(self._descriptor, self._readable)

    def hold(self) -> None:
        """Read nothing for now."""
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        if self._shaken is not None:
            self._shake_hands(self._shaken)
            return
        for _ in range(BURST):
            try:
                count = self._socket.recv_into(self._room, ROOM)
            except _NOT_NOW:
                return
            except OSError as error:
                self._fail(error)
                return
            if not count:
                self.hold()
                self._ended(None)
                return
            self._received(self._room[:count])
            if count != RECORD or self._tls is None or not self._watched:
                return

    def _fail(self, error: OSError) -> None:
        """The connection broke. What is no TLS breaks it too, but then the client can still be told."""
        if isinstance(error, ssl.SSLError):
            self.hold()
        else:
            self._let_go()
        self._ended(error)

    # writing

    def write(self, octets: bytes) -> None:
        """Send, now or as soon as the client reads; nothing happens when the connection is gone."""
        if self.closing:
            return
        if self._unsent:
            self._unsent += octets
        else:
            sent = self._send(octets)
            if sent is None or sent == len(octets):
                return
            self._unsent += octets[sent:]
            self._loop.add_writer(self._descriptor, self._writable)
        if len(self._unsent) > HIGH and self.drained is None:
            self.drained = self._loop.create_future()

    def _send(self, octets: bytes | bytearray) -> int | None:
        """How many octets left; None when the connection broke."""
        try:
            return self._socket.send(octets)
        except _NOT_NOW:
            return 0
        except OSError as error:
            self._let_go()
            self._ended(error)
            return None

    def _writable(self) -> None:
        sent = self._send(self._unsent)
        if sent is None:
            return
        del self._unsent[:sent]
        if len(self._unsent) <= LOW:
            self._drain()
        if not self._unsent:
            self._loop.remove_writer(self._descriptor)
            if self._finishing:
                self._say_goodbye()

    def _drain(self) -> None:
        if self.drained is not None and not self.drained.done():
            self.drained.set_result(None)
        self.drained = None

    # the end

    def finish(self, *, close: bool) -> None:
        """Say nothing more: once everything is sent the client is told that it was all.

        With `close` the connection ends then, else the client may still be read.
        """
        self.closing = True
        self._finishing, self._closes = True, close
        if not self._unsent:
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        if self._closes:
            self.abort()
            return
        try:
            if self._tls is not None:
                with contextlib.suppress(ssl.SSLError, ValueError):  # the client has not said its own, or never will
                    self._tls.unwrap()
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # the client is gone
            self.abort()

    def abort(self) -> None:
        """Close now; what the client left unread is lost."""
        if not self.lost.done():
            self._let_go()
            self._ended(None)

    def _let_go(self) -> None:
        """Give the descriptor back."""
        if self.lost.done():
            return
        self.closing = True
        self.hold()
        self._loop.remove_writer(self._descriptor)
        self._unsent.clear()
        self._socket.close()
        self._drain()
        self.lost.set_result(None)

    # TLS

    @property
    def shaking_hands(self) -> bool:
        """Whether a TLS handshake is going on."""
        return self._shaken is not None

    async def start_tls(self, context: ssl.SSLContext, *, seconds: float) -> dict[str, str]:
        """Go on under TLS; returns version and cipher suite.

        Raises `HandshakeError` when there is no agreement within `seconds`; the connection is closed then.
        """
        self._shaken = self._loop.create_future()
        late = self._loop.call_later(seconds, self.give_up_handshake, f"it took more than {seconds:g} seconds")
        try:
            self._wrap(context)
            self.release()
            await self._shaken
        except HandshakeError:
            self.abort()
            raise
        finally:
            late.cancel()
            self._shaken = None
        assert self._tls is not None
        cipher = self._tls.cipher()
        return {"version": self._tls.version() or "", "cipher": cipher[0] if cipher else ""}

    def _wrap(self, context: ssl.SSLContext) -> None:
        if self.closing:
            raise HandshakeError("the client went away")
        try:
            self._tls = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            raise HandshakeError("the client went away") from error
        self._socket = self._tls

    def _shake_hands(self, shaken: asyncio.Future[None]) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLWantWriteError:
            self._loop.add_writer(self._descriptor, self._go_on_shaking_hands, shaken)
            return
        except (OSError, ValueError) as error:
            self.hold()
            self.give_up_handshake(_reason(error))
            return
        self._shaken = None
        if not shaken.done():
            shaken.set_result(None)

    def _go_on_shaking_hands(self, shaken: asyncio.Future[None]) -> None:
        self._loop.remove_writer(self._descriptor)
        self._shake_hands(shaken)

    def give_up_handshake(self, reason: str) -> None:
        """Let a handshake that is going on fail."""
        if self._shaken is not None and not self._shaken.done():
            self._shaken.set_exception(HandshakeError(reason))


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return (error.reason or "it failed").lower().replace("_", " ")
    return "the client went away"
