"""How long a sandbox's event loop is busy with one thing: in processor time, which a crowded machine does not change."""

import asyncio
import gc
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from sandbox.wire.smtp import commands


@dataclass
class Turns:
    """What happened on the loop between two moments at which it could do something else."""

    seconds: list[float] = field(default_factory=list)
    """Processor time of each turn."""
    obeyed: list[int] = field(default_factory=list)
    """SMTP commands that were obeyed in each turn."""


@contextmanager
def turns(sandbox, monkeypatch):
    """Measures every turn of the sandbox's loop; what the process has kept so far is no garbage to look through."""
    found, count = Turns(), 0
    run, perform = asyncio.Handle._run, commands.perform
    thread = sandbox.call(_thread())

    def measured(handle):
        nonlocal count
        if threading.get_ident() != thread:
            run(handle)
            return
        count, began = 0, time.thread_time()
        run(handle)
        found.seconds.append(time.thread_time() - began)
        found.obeyed.append(count)

    async def counted(conversation, line):
        nonlocal count
        count += 1
        await perform(conversation, line)

    if type(sandbox._loop).__module__.partition(".")[0] != "asyncio":
        pytest.skip("only Python's own event loop can be measured")
    gc.collect()
    gc.freeze()
    with monkeypatch.context() as patched:
        patched.setattr(asyncio.Handle, "_run", measured)
        patched.setattr(commands, "perform", counted)
        try:
            yield found
        finally:
            gc.unfreeze()


async def _thread():
    return threading.get_ident()
