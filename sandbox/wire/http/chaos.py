"""What a forced disturbance does to an API call, or to the connection before there is one."""

from __future__ import annotations

import asyncio
import ssl

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Send

from sandbox.core.accounts import Account
from sandbox.core.chaos import Action, Disturbance
from sandbox.core.faults import FaultContext
from sandbox.core.model import Stage
from sandbox.wire.http.exchange import Exchange

SLICES = 10
"""Pieces a second in which a throttled answer is sent."""


class DroppedError(ClientDisconnect):
    """The connection is to be cut on purpose."""


def watch_handshakes(context: ssl.SSLContext, account: Account) -> None:
    """Let those TLS handshakes of a listener fail that are forced to; who calls is not known yet, so `account` says."""

    def judge(_connection: object, _name: str | None, _context: ssl.SSLContext) -> int | None:
        forced = account.faults.armed and account.faults.disturb(Stage.HANDSHAKE, FaultContext())
        return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE if forced else None

    context.sni_callback = judge


async def before(exchange: Exchange, found: Disturbance) -> None:
    """Do what is to happen before the call is performed; raises `DroppedError` when it is not to be."""
    exchange.disturbance = found
    exchange.transcript.said("sandbox", f"forced: {found}")
    if found.action is Action.DELAY:
        await asyncio.sleep(found.seconds)
    elif found.action is Action.THROTTLE:  # the body is here already; a client that waits for its answer can't tell
        await asyncio.sleep(len(exchange.body) / found.bytes_per_second)
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
