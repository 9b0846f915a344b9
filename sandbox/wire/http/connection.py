"""An HTTP/1.1 connection: uvicorn's on httptools, with bounds for what it reads, and one write for each answer."""

from __future__ import annotations

import asyncio

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES = 65_536
"""Octets of request line and headers; a raw submission names all its recipients in one header."""
LARGE = 65_536
"""Octets that are neither copied nor held back to be written together with others."""


class HttpConnection(HttpToolsProtocol):
    """What `uvicorn` calls a protocol; refuses heads over `HEADER_BYTES` with 400, and drops trailers."""

    _head = 0
    """Octets of the headers so far."""
    _in_head = True
    _unheard = 0
    """Octets since the parser last had something to say; it keeps what it has not said yet."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came."""
        super().connection_made(transport)
        self.transport = _Joined(transport, self.loop)

    def data_received(self, data: bytes) -> None:
        """The client said something."""
        self._unheard += len(data)
        super().data_received(data)
        if self._unheard > HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head, self._in_head = 0, True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody here asks for: it must not pass for a header."""
        self._unheard = 0
        if self._in_head:
            self._head += len(name) + len(value)
            if self._head > HEADER_BYTES:
                raise HttpParserError("the head of the request is too large")
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._unheard, self._in_head = 0, False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._unheard = 0
        super().on_body(body)


class _Joined(asyncio.Transport):
    """Of a connection's transport what uvicorn writes with: what is written in one turn of the loop goes out at once.

    Head and body of an answer are two writes, and the client would wake up for each.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send octets at the end of this turn; many at once, so that the writer is told when the client is slow."""
        self._size += len(data)
        if self._size > LARGE:
            self._flush()
            self._transport.write(data)
            return
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(bytes(data))

    def _flush(self) -> None:
        if self._waiting:
            octets = b"".join(self._waiting)
            self._waiting.clear()
            self._transport.write(octets)
        self._size = 0

    def close(self) -> None:
        """Close once everything is sent."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._transport.is_closing()
