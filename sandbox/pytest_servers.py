"""The sandboxes of one test run: its own, those of tests with other settings, or one that runs elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sandbox.client import Client

if TYPE_CHECKING:
    from sandbox.inprocess import Sandbox


class Servers:
    """Starts sandboxes when they are first needed, and stops them together."""

    def __init__(self, url: str, settings: Mapping[str, Any]) -> None:
        """`url` is that of a running sandbox, empty for one in this process with `settings`."""
        self._url = url
        self._settings = settings
        self._elsewhere: Client | None = None
        self._running: dict[str, Sandbox] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._elsewhere is not None:
            self._elsewhere.close()
        for server in self._running.values():
            server.stop()

    def ordinary(self) -> Client:
        """The sandbox of tests that ask for nothing special."""
        if not self._url:
            return self._run(self._settings)
        if self._elsewhere is None:
            self._elsewhere = Client(self._url)
        return self._elsewhere

    def special(self, wish: Mapping[str, Any]) -> Client:
        """A sandbox in this process with other `provider`, `limits` or `permissive`; kept for tests that wish the same.

        Raises `SettingsError` for what can't be had.
        """
        from sandbox.settings import Settings  # noqa: PLC0415 - for tests that have the marker

        names = [wish["provider"]] if wish.get("provider") else list(Settings().providers)
        settings: dict[str, Any] = {**self._settings, "providers": names}
        if wish.get("permissive"):
            settings["permissive"] = True
        if wish.get("limits"):
            for name in _limited(names, wish["limits"]):
                settings[name] = {**self._settings.get(name, {}), "limits": wish["limits"]}
        return self._run(settings)

    def _run(self, settings: Mapping[str, Any]) -> Sandbox:
        from sandbox.inprocess import Sandbox  # noqa: PLC0415 - not for tests of a sandbox elsewhere

        key = json.dumps(settings, sort_keys=True, default=str)
        if key not in self._running:
            self._running[key] = Sandbox(**settings).start()
        return self._running[key]

    @contextmanager
    def clean(self, server: Client) -> Iterator[Client]:
        """A client for one test: of the sandbox started over, or of a fresh account when others may use it as well."""
        if server is not self._elsewhere:
            server.reset()
            yield server
            return
        account = server.new_account()["account"]
        try:
            with Client(server.url_with_login, account) as client:
                yield client
        finally:
            server.remove_account(account)


def _limited(names: Sequence[str], limits: Any) -> list[str]:
    """The providers whose setting `limits` can have this value; `SettingsError` when there is none."""
    from sandbox.options import SettingsError, load  # noqa: PLC0415 - for tests that have the marker

    found, errors = [], list[SettingsError]()
    for name in names:
        try:
            load({name: {"limits": limits}}, {}, None)
            found.append(name)
        except SettingsError as error:  # a provider without limits, or with words of its own for them
            errors.append(error)
    if not found:
        raise errors[0]
    return found
