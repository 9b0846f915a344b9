"""File descriptors: asks for as many as the system gives, and bears it calmly when there are none left."""

from __future__ import annotations

import asyncio
import errno
import logging
import sys
import time
from typing import Any

WANTED = 65_536
SAID_EVERY = 60.0
"""Seconds of real time between two lines in the log about the same shortage."""
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_log = logging.getLogger(__name__)


def allow_many() -> None:
    """Raise this process's limit of open files as far as it may, up to `WANTED`; does nothing where there is none."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - POSIX only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def bear_shortage(loop: asyncio.AbstractEventLoop) -> None:
    """Say once in a while that clients wait for a descriptor; the loop alone logs a traceback for each that waits.

    Listeners try again by themselves a second later.
    """
    said = -SAID_EVERY

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said
        error = context.get("exception")
        if isinstance(error, ValueError) and "_start_serving" in str(context.get("message")):
            return  # a listener was closed while it waited to try again
        if isinstance(error, asyncio.CancelledError):
            return  # a client came, or shook hands, while its listener was closed; asyncio's debug mode tells
        if not (isinstance(error, OSError) and error.errno in _SHORT and "socket" in context):
            loop.default_exception_handler(context)
        elif time.monotonic() - said >= SAID_EVERY:
            said = time.monotonic()
            _log.warning("no file descriptors are left: new connections wait until others end (see ulimit -n)")

    loop.set_exception_handler(handle)
