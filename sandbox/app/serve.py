"""Runs a sandbox in the foreground until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.app.runtime import Runtime
from sandbox.settings import Settings


async def serve(settings: Settings, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Start, call `announce` with the ready file's content, and stop cleanly at SIGTERM or SIGINT.

    Raises `StoreError` or `ListenerError` when it can't start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
            break
    runtime = Runtime(settings)
    try:
        await runtime.start()
        announce(await runtime.describe())
        await stop.wait()
    finally:
        await runtime.stop()
