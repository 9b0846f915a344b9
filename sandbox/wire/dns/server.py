"""The authoritative name server, on one port of UDP and TCP: it answers questions, and does nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

from sandbox.core.accounts import Accounts
from sandbox.core.dns.authority import Authority, Resolution, Status
from sandbox.wire.closing import stop_listening
from sandbox.wire.dns.messages import QUERY, Resolve, respond

IN_FLIGHT = 256
"""Questions over UDP that are being answered; more are dropped, and clients ask again."""
CONNECTIONS = 200
"""TCP connections at the same time."""
IDLE_SECONDS = 10.0
"""How long a TCP client may be silent, or not read its answer (RFC 7766 section 6.2.3)."""


def resolver(accounts: Accounts, authority: Authority) -> Resolve:
    """Answers for clients that don't say who they are: the ready-made account's zones first, then anybody's."""

    async def resolve(name: str, rtype: str) -> Resolution | None:
        denied: Resolution | None = None
        for account in accounts.all():
            found = await authority.resolve(account, name, rtype)
            if found.own or found.status is Status.FOUND:
                return found
            denied = denied or (found if found.known else None)
        return denied

    return resolve


class _Udp(asyncio.DatagramProtocol):
    """Answers datagrams."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Answer a question, unless there are too many or it is no question at all."""
        if len(data) > QUERY or len(self._tasks) >= IN_FLIGHT:
            return
        task = asyncio.get_running_loop().create_task(self._reply(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        answer = await respond(data, self._resolve, udp=True)
        if answer is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, addr)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The port is free again."""
        self._closed.set()

    def error_received(self, exc: Exception) -> None:
        """Take no notice: the client has gone."""

    async def close(self) -> None:
        """End what is being answered."""
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()
        await _end(self._tasks)


class _Tcp:
    """Answers connections, one question after the other."""

    def __init__(self, resolve: Resolve, idle: float) -> None:
        self._resolve = resolve
        self._idle = idle
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection in, unless there are too many, or the server has stopped since the client came."""
        if self._closed or len(self._tasks) >= CONNECTIONS:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._cut(ended, writer))

    def _cut(self, task: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        """Leave nothing open, not even of a task that was cancelled before it began."""
        self._tasks.discard(task)
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the client is silent for too long, says nonsense or goes."""
        try:
            with contextlib.suppress(asyncio.IncompleteReadError):  # it asks nothing more, but may still read
                await self._converse(reader, writer)
            async with asyncio.timeout(self._idle):
                writer.close()
                await writer.wait_closed()
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone or takes too long, or the server stops; this task has nothing after it

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(self._idle):
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                if length > QUERY:
                    return
                octets = await reader.readexactly(length)
            answer = await respond(octets, self._resolve, udp=False)
            if answer is None:
                return
            writer.write(struct.pack("!H", len(answer)) + answer)
            async with asyncio.timeout(self._idle):
                await writer.drain()

    async def close(self) -> None:
        """Cut every connection, and take in no more of those that wait."""
        self._closed = True
        await _end(self._tasks)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    running = list(tasks)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


class OpenDns:
    """A name server that accepts questions."""

    def __init__(self, server: asyncio.Server, tcp: _Tcp, udp: _Udp) -> None:
        self._server = server
        self._tcp = tcp
        self._udp = udp

    async def close(self) -> None:
        """Stop answering; nothing is left open. Closing twice is no error."""
        await stop_listening(self._server)
        await self._tcp.close()
        await self._udp.close()
        await self._server.wait_closed()


async def serve(
    resolve: Resolve, stream: socket.socket, datagram: socket.socket, *, idle: float = IDLE_SECONDS
) -> OpenDns:
    """Answer on sockets for TCP and UDP."""
    tcp = _Tcp(resolve, idle)
    _, udp = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Udp(resolve), sock=datagram)
    return OpenDns(await asyncio.start_server(tcp.accept, sock=stream), tcp, udp)
