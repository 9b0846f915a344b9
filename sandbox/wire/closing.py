"""Ends a server of asyncio's own, and leaves nobody behind whom it was just taking in."""

from __future__ import annotations

import asyncio
import contextlib


async def stop_listening(server: asyncio.Server) -> None:
    """Take nobody in any more, and close the listening sockets; returns when those taken in have their connections.

    asyncio takes a client in with a task of its own, which fails when the server is closed before it begins, and
    leaves the client's socket open (Python 3.11). So these tasks have their turn first.
    """
    loop = server.get_loop()
    for listening in server.sockets:
        with contextlib.suppress(NotImplementedError):  # the loop of Windows, which watches no sockets
            loop.remove_reader(listening.fileno())
    await asyncio.sleep(0)  # the task makes the transport,
    await asyncio.sleep(0)  # which tells its protocol in the next turn
    server.close()
