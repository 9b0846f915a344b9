"""`sandbox.Sandbox`: a sandbox in this process, with everything that a client of it can do."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from sandbox import app
from sandbox.client import Client
from sandbox.client.login import with_login
from sandbox.options import load

IN_PROCESS: Mapping[str, Any] = {"data": ":memory:", "ports": "auto"}
"""Settings of a sandbox that lives and ends with its program."""


class Sandbox(Client):
    """A sandbox on a thread of its own; start it with `with`, or with `start` and `stop`.

    Settings have the shape of the settings file: `Sandbox(permissive=True, oci={"limits": "trial"})`. Unless they say
    otherwise, everything is in memory and every listener takes a free port. `SettingsError` for a setting that can't be
    used; the environment and the settings file are not read.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__("")
        self._settings = load({**IN_PROCESS, **settings})
        self._running: app.Sandbox | None = None

    @property
    def ready(self) -> dict[str, Any]:
        """Listeners and ready-made credentials, in the ready file's shape; empty while it does not run."""
        return {} if self._running is None else self._running.ready

    def start(self) -> Self:
        """Open every listener; raises `sandbox.app.ListenerError` for a port that is taken."""
        if self._running is None:
            running = app.Sandbox(self._settings)
            running.start()
            self._running = running
            self._transport.point_at(with_login(running.url, self._settings.login))
        return self

    def reset(self) -> None:
        """Start over: no messages, events, sessions or faults, real time, and what the settings provision."""
        if self._running is None:
            super().reset()
        else:
            self._forget_faults()
            self._running.reset()

    def connection(self) -> dict[str, Any]:
        """Listeners and credentials of the ready-made account, in the ready file's shape."""
        return super().connection() if self._running is None else self._running.connection()

    def stop(self) -> None:
        """Close everything; nothing of it is left. Stopping twice is no error."""
        self.close()
        if self._running is not None:
            self._running.stop()
            self._running = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
