"""What a forced disturbance does to an API call."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Send

from sandbox.core.chaos import Action, Disturbance
from sandbox.wire.http.exchange import Exchange

SLICES = 10
"""Pieces a second in which a throttled answer is sent."""


class DroppedError(ClientDisconnect):
    """The connection is to be cut on purpose."""


async def before(exchange: Exchange, found: Disturbance) -> None:
    """Do what is to happen before the call is performed; raises `DroppedError` when it is not to be."""
    exchange.disturbance = found
    exchange.transcript.said("sandbox", f"forced: {found}")
    if found.action is Action.DELAY:
        await asyncio.sleep(found.seconds)
    elif found.action is Action.DROP_BEFORE:
        raise DroppedError


def after(exchange: Exchange, send: Send) -> Send:
    """The way out for the answer: as it was, slowed down, or none, for which it raises `DroppedError`."""
    found = exchange.disturbance
    if found is not None and found.action is Action.DROP_AFTER:
        raise DroppedError
    if found is None or found.action is not Action.THROTTLE:
        return send
    rate = found.bytes_per_second

    async def slowly(message: Message) -> None:
        body: bytes = message.get("body", b"")
        size = max(1, rate // SLICES)
        while len(body) > size:
            await send({**message, "body": body[:size], "more_body": True})
            body = body[size:]
            await asyncio.sleep(size / rate)
        await send({**message, "body": body} if body else message)

    return slowly


async def cut(receive: Receive) -> None:
    """Cut the connection that a request came on, and return when it is gone.

    ASGI has no word for it: uvicorn's `receive` is a method of the object that holds the transport.
    """
    transport: asyncio.Transport | None = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        return
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
