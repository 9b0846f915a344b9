"""A client's connection as octets: in the clear or under TLS, in both directions, until both sides have closed it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from sandbox.wire.smtp.lines import CHUNK, Input
from sandbox.wire.smtp.secure import HandshakeError, SecureLayer

IGNORED = 1_048_576
"""Octets behind the last reply that are read, so that the reply arrives; a client that goes on is cut off."""


class Room:
    """Where the octets of every connection of a listener arrive; each takes its own out at once."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(CHUNK))


class Connection(asyncio.BufferedProtocol):
    """One TCP connection. What the client says is in `input`; `write` answers."""

    def __init__(self, room: Room, began: Callable[[], None], *, implicit_tls: bool) -> None:
        """`began` is called once the connection is there; with `implicit_tls` nothing is ever read in the clear."""
        self._loop = asyncio.get_running_loop()
        self._room = room.view
        self._began = began
        self._early: bytearray | None = bytearray() if implicit_tls else None
        self._transport: asyncio.Transport | None = None
        self._tls: SecureLayer | None = None
        self._shaken: asyncio.Future[None] | None = None
        self._held_back: list[bytes] = []
        self._drained: asyncio.Future[None] | None = None
        self._hanging_up = False
        self._ignored = 0
        self.input = Input(self.hold, self.release)
        self.lost: asyncio.Future[None] = self._loop.create_future()
        """Done once the connection is gone."""

    # what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)
        self._began()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - it is the same room every time
        """Where the next octets arrive."""
        return self._room

    def buffer_updated(self, count: int) -> None:
        """`count` octets have arrived."""
        if self._hanging_up:
            self._ignore(count)
        elif self._tls is None and self._early is not None:
            self._early += self._room[:count]
            self.hold()
        elif self._tls is None:
            self.input.feed(self._room[:count])
        else:
            self._tls.receive(self._room[:count])
            if self._tls.established or self._go_on_shaking_hands(self._tls):
                self._decipher(self._tls)

    def _ignore(self, count: int) -> None:
        """What a client says behind the last reply is read and dropped, within bounds."""
        self._ignored += count
        if self._ignored > IGNORED:
            self.abort()

    def eof_received(self) -> bool:
        """The client will say nothing more; what it said before is still answered."""
        if self._hanging_up:
            return False
        self._give_up_handshake("the client went away")
        self.input.end()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone; the conversation notices at its next read or reply."""
        self._give_up_handshake("the client went away")
        self.input.end(error)
        self.resume_writing()
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        """The client leaves so much unread that replies wait."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    # what the session calls

    @property
    def peer(self) -> tuple[str, int]:
        """Address and port of the client."""
        name = self._transport.get_extra_info("peername") if self._transport else None
        return (str(name[0]), int(name[1])) if name else ("unknown", 0)

    @property
    def gone(self) -> bool:
        """Whether nothing can be said any more."""
        return self._transport is None or self._transport.is_closing() or self._hanging_up

    @property
    def drained(self) -> asyncio.Future[None] | None:
        """Done when the client has read enough of what was said; None when it has."""
        return self._drained

    def write(self, octets: bytes) -> None:
        """Say something; replies to commands that came together leave together."""
        if self.input.pending:
            if not self._held_back:
                self._loop.call_soon(self.flush)
            self._held_back.append(octets)
        elif self._held_back:
            self._held_back.append(octets)
            self.flush()
        else:
            self._send(octets)

    def flush(self) -> None:
        """Let go of the replies that were held back."""
        if self._held_back:
            octets = b"".join(self._held_back)
            self._held_back.clear()
            self._send(octets)

    def _send(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets if self._tls is None else self._tls.seal(octets))

    def hold(self) -> None:
        """Read nothing for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def release(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def hang_up(self, seconds: float) -> None:
        """Say nothing more, and close once the client has read everything and closed its side, or after `seconds`.

        Closing at once would let the client's own unread octets destroy the last reply on its way.
        """
        self.flush()
        if self._hanging_up or self._transport is None or self._transport.is_closing():
            return
        self._hanging_up = True
        if self._tls is not None:
            self._transport.write(self._tls.farewell())
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except OSError:  # the client is gone
            self._transport.abort()
        if self.input.ended:
            self._transport.close()
        cut = self._loop.call_later(seconds, self._transport.abort)
        self.lost.add_done_callback(lambda _: cut.cancel())

    def abort(self) -> None:
        """Cut the connection now; what the client left unread is lost."""
        self.flush()
        if self._transport is not None:
            self._transport.abort()

    # TLS

    @property
    def shaking_hands(self) -> bool:
        """Whether a TLS handshake is going on."""
        return self._shaken is not None

    async def start_tls(self, context: ssl.SSLContext, *, seconds: float) -> dict[str, str]:
        """Go on under TLS; returns version and cipher suite.

        Raises `HandshakeError` when there is no agreement within `seconds`; the connection is closed then.
        """
        self.flush()
        self._shaken = self._loop.create_future()
        self._tls = SecureLayer(context)
        if self.gone or self.input.ended:
            self._give_up_handshake("the client went away")
        if self._early:
            self._tls.receive(bytes(self._early))
            if self._go_on_shaking_hands(self._tls):
                self._decipher(self._tls)
        self._early = None
        self.release()
        late = self._loop.call_later(seconds, self._give_up_handshake, f"it took more than {seconds:g} seconds")
        try:
            await self._shaken
        except HandshakeError:
            if self._transport is not None:
                self._transport.close()
            raise
        finally:
            late.cancel()
            self._shaken = None
        return self._tls.describe()

    def _go_on_shaking_hands(self, tls: SecureLayer) -> bool:
        try:
            done = tls.shake_hands()
        except HandshakeError as error:
            self._send_leaving(tls)
            self._give_up_handshake(str(error))
            return False
        self._send_leaving(tls)
        if done and self._shaken is not None and not self._shaken.done():
            self._shaken.set_result(None)
        return done

    def _give_up_handshake(self, reason: str) -> None:
        if self._shaken is not None and not self._shaken.done():
            self._shaken.set_exception(HandshakeError(reason))

    def _decipher(self, tls: SecureLayer) -> None:
        try:
            while octets := tls.read():
                self.input.feed(octets)
        except (ssl.SSLError, OSError) as error:
            self._send_leaving(tls)
            self.input.end(error)
            return
        if octets is not None:
            self.input.end()
        self._send_leaving(tls)

    def _send_leaving(self, tls: SecureLayer) -> None:
        octets = tls.leaving()
        if octets and self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)
