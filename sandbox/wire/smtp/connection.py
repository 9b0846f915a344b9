"""A client's connection as a session sees it: what is said in `input`, answers that leave together, a gentle end."""

from __future__ import annotations

import asyncio
import socket
import ssl

from sandbox.wire.smtp.lines import Input
from sandbox.wire.smtp.transport import ROOM, Transport

IGNORED = 1_048_576
"""Octets behind the last reply that are read, so that the reply arrives; a client that goes on is cut off."""


class Room:
    """Where the octets of every connection of a listener arrive; each takes its own out at once."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(ROOM))


class Connection:
    """One TCP connection. What the client says is in `input`; `write` answers."""

    def __init__(self, client: socket.socket, peer: tuple[str, int], room: Room) -> None:
        """`client` is non-blocking; nothing is read before `release`."""
        self.peer = peer
        """Address and port of the client."""
        self._loop = asyncio.get_running_loop()
        self._transport = Transport(client, room.view, self._received, self._ended)
        self._held_back: list[bytes] = []
        self._hanging_up = False
        self._ignored = 0
        self.input = Input(self._transport.hold, self._transport.release)
        self.lost = self._transport.lost
        """Done once the connection is gone."""
        self.hold, self.release = self._transport.hold, self._transport.release

    # what the socket brings

    def _received(self, octets: memoryview) -> None:
        if self._hanging_up:
            self._ignored += len(octets)
            if self._ignored > IGNORED:
                self._transport.abort()
        else:
            self.input.feed(octets)

    def _ended(self, error: OSError | None) -> None:
        """The client will say nothing more; what it said before is still answered."""
        if self._hanging_up:
            self._transport.finish(close=True)
        else:
            self._transport.give_up_handshake("the client went away")
            self.input.end(error)

    # what the session says

    @property
    def gone(self) -> bool:
        """Whether nothing can be said any more."""
        return self._transport.closing

    @property
    def drained(self) -> asyncio.Future[None] | None:
        """Done when the client has read enough of what was said; None when it has."""
        return self._transport.drained

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
            self._transport.write(octets)

    def flush(self) -> None:
        """Let go of the replies that were held back."""
        if self._held_back:
            octets = b"".join(self._held_back)
            self._held_back.clear()
            self._transport.write(octets)

    def hang_up(self, seconds: float) -> None:
        """Say nothing more, and close once the client has read everything and closed its side, or after `seconds`.

        Closing at once would let the client's own unread octets destroy the last reply on its way.
        """
        self.flush()
        if self._hanging_up or self.gone:
            return
        self._hanging_up = True
        self._transport.finish(close=self.input.ended)
        self._transport.release()
        cut = self._loop.call_later(seconds, self._transport.abort)
        self.lost.add_done_callback(lambda _: cut.cancel())

    def abort(self) -> None:
        """Cut the connection now; what the client left unread is lost."""
        self.flush()
        self._transport.abort()

    # TLS

    @property
    def shaking_hands(self) -> bool:
        """Whether a TLS handshake is going on."""
        return self._transport.shaking_hands

    async def start_tls(self, context: ssl.SSLContext, *, seconds: float) -> dict[str, str]:
        """Go on under TLS; returns version and cipher suite.

        Raises `HandshakeError` when there is no agreement within `seconds`; the connection is closed then.
        """
        self.flush()
        if self.input.ended:
            self._transport.abort()
        return await self._transport.start_tls(context, seconds=seconds)
