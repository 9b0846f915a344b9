"""Runs a sandbox in the foreground until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.app.descriptors import allow_many, bear_shortage
from sandbox.app.loops import new_event_loop
from sandbox.app.runtime import Runtime
from sandbox.settings import Settings

SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter: the store's writer waits for it after each of its statements."""


def run(settings: Settings, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """`serve` on a loop of its own."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(settings, announce))


async def serve(settings: Settings, announce: Callable[[Mapping[str, Any]], None]) -> None:
    """Start, call `announce` with the ready file's content, and stop cleanly at SIGTERM or SIGINT.

    Raises `StoreError` or `ListenerError` when it can't start.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    allow_many()
    bear_shortage(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
            break
    runtime = Runtime(settings)
    try:
        await runtime.start()
        announce(await runtime.describe())
        warming = asyncio.create_task(runtime.warm_up(), name="warm-up")
        await stop.wait()
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)
    finally:
        await runtime.stop()
