"""A sandbox on a thread and loop of its own, for programs that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from sandbox.app.descriptors import bear_shortage
from sandbox.app.loops import new_event_loop
from sandbox.app.runtime import Runtime
from sandbox.settings import Settings

T = TypeVar("T")


class Sandbox:
    """A running sandbox beside the caller; a context manager, or `start` and `stop`."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings; by default everything in memory and on free ports."""
        self.settings = settings or Settings(data=":memory:", ports="auto")
        self.runtime = Runtime(self.settings)
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._run, name="email-sandbox", daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        bear_shortage(self._loop)
        self._loop.run_forever()

    @property
    def ready(self) -> dict[str, Any]:
        """What a client needs, in the ready file's shape."""
        return self.call(self.runtime.describe())

    @property
    def url(self) -> str:
        """Base of the HTTP side: web viewer, inspection API and the providers' APIs."""
        return str(self.runtime.services.endpoints["http"])

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the sandbox's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def reset(self) -> None:
        """Start the ready-made account over, as the inspection API does, without the way through it."""
        self.call(self.runtime.controls.reset(self.runtime.services.accounts.ready_made))

    def connection(self) -> dict[str, Any]:
        """Listeners, and what clients of the ready-made account need at present."""
        return self.call(self.runtime.listeners(self.runtime.services.accounts.ready_made))

    def start(self) -> Self:
        """Open every listener; raises what `Runtime.start` raises, and leaves nothing behind then."""
        self._thread.start()
        try:
            self.call(self.runtime.start())
        except BaseException:
            self._end()
            raise
        return self

    def stop(self) -> None:
        """Close everything; no thread, socket or file stays."""
        if self._loop.is_closed():
            return
        try:
            self.call(self.runtime.stop())
        finally:
            self._end()

    def _end(self) -> None:
        self.call(self._loop.shutdown_asyncgens())
        self.call(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, whatever happened inside."""
        self.stop()
