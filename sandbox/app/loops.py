"""Which event loop a sandbox runs on: uvloop where it is installed, else Python's own."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop for one sandbox; the caller runs and closes it."""
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = import_module("uvloop").new_event_loop()
    return loop
