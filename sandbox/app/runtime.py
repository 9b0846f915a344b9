"""One running sandbox: store, accounts, providers, delivery and listeners, started and stopped together."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.app import spare_keys
from sandbox.app.binding import ListenerError
from sandbox.app.claim import Claim
from sandbox.app.controls import AppControls
from sandbox.app.network import Network
from sandbox.app.parts import SettingError, make_callbacks, make_delivery, make_keeper
from sandbox.app.providers import load_providers
from sandbox.app.ready import remove_ready_file, write_ready_file
from sandbox.core.accounts import Account, Accounts
from sandbox.core.dns.system import NameSystem
from sandbox.core.errors import StoreError
from sandbox.core.events import EventStream
from sandbox.core.indexing import Indexer
from sandbox.core.intake import Intake
from sandbox.core.late import Late
from sandbox.core.model import Event
from sandbox.core.policy import Rules
from sandbox.core.services import ProviderState, Services
from sandbox.core.store import Store
from sandbox.core.transcript import OpenSessions
from sandbox.settings import Settings
from sandbox.version import __version__
from sandbox.wire.callbacks import PostCourier
from sandbox.wire.provider import Provider

MEMORY = ":memory:"
AGAIN_SECONDS = 1.0
"""The real pause after an unexpected error of what runs in the background."""
log = logging.getLogger(__name__)
_make_names = Late("sandbox.app.names:make_names")


class Runtime:
    """A sandbox on the running loop. `start`, then `stop`; not to be started twice."""

    services: Services

    def __init__(self, settings: Settings, *, source: Callable[[], float] = time.time) -> None:
        """`source` is where real time comes from; tests may stand it still."""
        self.settings = settings
        self._described: dict[str, Any] | None = None
        self.closing = asyncio.Event()
        """Set when the stop begins: live streams and long polls end."""
        self.controls = AppControls(self)
        """What may be asked of it while it runs."""
        self._source = source
        self.providers: list[Provider] = load_providers(settings.providers)
        self._states: dict[str, ProviderState] = {}
        self._rules: dict[str, Rules] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._network: Network | None = None
        self._temporary: Path | None = None
        self._claim: Claim | None = None

    async def start(self) -> None:
        """Open the store and every listener.

        Raises `StoreError` or `ListenerError` with a message for the user; nothing is left running then.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self.services = await self._assemble()
        for account in self.services.accounts.all():
            await self.provision(account)
        self.callbacks = make_callbacks(self.settings, self.services)
        await self.callbacks.start()
        self._tasks = [
            asyncio.create_task(_keep_going("delivery", self.delivery.run), name="delivery"),
            asyncio.create_task(_keep_going("indexer", self.indexer.run), name="indexer"),
            asyncio.create_task(_keep_going("keeper", self.keeper.run), name="keeper"),
        ]
        self._tasks += [
            asyncio.create_task(self._watch(provider.name, provider.background), name=provider.name)
            for provider in self.providers
            if provider.background
        ]
        self._network = Network(self.settings, self.services, self.providers, self.controls)
        self._network.open()
        if self.settings.ready_file:
            write_ready_file(Path(self.settings.ready_file), await self.describe())

    async def _assemble(self) -> Services:
        files = self._files()
        if self.settings.ready_file:  # one that is there is of a sandbox that was killed
            remove_ready_file(Path(self.settings.ready_file))
        self.stream = EventStream()
        path = None if self.settings.data == MEMORY else files / "store.db"
        self.store = await asyncio.to_thread(Store, path, self._committed)
        accounts = Accounts(self.store, self._source, self.settings.seed or None)
        await accounts.load()
        self.keeper = make_keeper(self.settings, self.store, accounts)
        names = NameSystem(partial(_make_names, self.settings, self.store, self.providers, lambda: self.services))
        own = {provider.name: provider.outcome for provider in self.providers if provider.outcome}
        self.delivery = make_delivery(self.settings, self.store, accounts, self._rules, names, own)
        self.indexer = Indexer(self.store)
        self.courier = PostCourier(self.store, accounts, self.settings.delivery.callback_hosts)
        services = Services(
            store=self.store,
            accounts=accounts,
            intake=Intake(store=self.store, accounts=accounts, rules=self._rules, accepted=self._accepted),
            delivery=self.delivery,
            stream=self.stream,
            sessions=OpenSessions(partial(self.store.sessions.add, patient=True)),
            dns=names,
            providers=self._states,
            files=files,
            permissive=self.settings.permissive,
            courier=self.courier,
            endpoints={},
        )
        for provider in self.providers:
            self._enter(provider, services)
        return services

    def _enter(self, provider: Provider, services: Services) -> None:
        section = getattr(self.settings, provider.name)
        try:
            self._rules[provider.name] = provider.rules(services, section, self.settings.permissive)
        except ValueError as error:
            raise SettingError(str(error)) from error
        self._states[provider.name] = ProviderState(
            name=provider.name,
            words=lambda: provider.catalog().speaking(getattr(section, "dialect", "")),
            rules=self._rules[provider.name],
            wording=section.wording,
            region=provider.region(section),
            deliver=partial(provider.delivered, services, section) if provider.delivered else None,
        )

    def _files(self) -> Path:
        """The folder of keys and store; a temporary one when nothing is to be kept."""
        if self.settings.data == MEMORY:
            self._temporary = Path(tempfile.mkdtemp(prefix="email-sandbox-"))
            if self.settings.reuse_keys:
                spare_keys.lend(self._temporary)
            return self._temporary
        folder = Path(self.settings.data)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(f"the data folder {folder} can't be made ({error.strerror})") from error
        self._claim = Claim(folder)
        return folder.resolve()

    async def _watch(self, name: str, background: Callable[[Services, Any], Awaitable[None]]) -> None:
        """Run what a provider does by itself; an error of it ends it, and the log says so, but nothing else."""
        try:
            await background(self.services, getattr(self.settings, name))
        except Exception:
            log.exception("%s: what runs in the background has failed", name)

    def _accepted(self) -> None:
        self.delivery.wake()
        self.indexer.wake()

    def _committed(self, events: Sequence[Event]) -> None:
        self.stream.publish(events)
        if hasattr(self, "keeper"):
            self.keeper.wake()

    async def provision(self, account: Account) -> None:
        """Make what the settings say an account owns, in every provider."""
        for provider in self.providers:
            await provider.provision(self.services, getattr(self.settings, provider.name), account)

    def forget_clients(self, account: Account) -> None:
        """Forgive what an account's clients got wrong, as part of a reset."""
        if self._network is not None:
            self._network.forget(account.id)

    async def connection(self, account: Account) -> dict[str, Any]:
        """What clients of an account need, in the ready file's shape: one object for each provider."""
        assert self._network is not None, "it is started"
        await self._network.prepare()
        found: dict[str, Any] = {}
        for provider in self.providers:
            section = getattr(self.settings, provider.name)
            details = await provider.connection(self.services, section, account)
            found[provider.name] = {"smtp": self.services.endpoints["smtp"].get(provider.name, []), **details}
        return found

    async def describe(self) -> dict[str, Any]:
        """The ready file's content; made when first asked for, since it needs an API key."""
        if self._described is None:
            told = await self.listeners(self.services.accounts.ready_made)
            self._described = {"pid": os.getpid(), "version": __version__, **told}
        return self._described

    async def listeners(self, account: Account) -> dict[str, Any]:
        """Listeners, and what clients of an account need, in the ready file's shape."""
        shared = {name: value for name, value in self.services.endpoints.items() if name != "smtp"}
        return {**shared, **await self.connection(account)}

    async def warm_up(self) -> None:
        """Load, beside everything else, what the first clients need; if that fails now, they will tell."""
        if self._network is not None:
            with suppress(Exception):
                await self._network.warm_up()

    async def stop(self) -> None:
        """Close the listeners, finish what was accepted, close the store. Stopping twice is no error."""
        if self.settings.ready_file and self._described:
            remove_ready_file(Path(self.settings.ready_file))
        self.closing.set()
        if hasattr(self, "stream"):
            self.stream.close()
        if self._network is not None:
            await self._network.close()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self._close_parts()
        self._let_go()

    async def _close_parts(self) -> None:
        """Close what was made, which may be less than everything when the start failed."""
        if hasattr(self, "indexer"):
            await self.indexer.close()
        if hasattr(self, "callbacks"):
            await self.callbacks.stop()
        if hasattr(self, "courier"):
            await self.courier.close()
        if hasattr(self, "store"):
            await self.store.close()

    def _let_go(self) -> None:
        """Give the folder free, or away."""
        if self._claim is not None:
            self._claim.release()
        if self._temporary is not None:
            if self.settings.reuse_keys:
                spare_keys.keep(self._temporary)
            shutil.rmtree(self._temporary, ignore_errors=True)


async def _keep_going(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run what has to go on as long as the sandbox does, whatever it meets: no descriptors, no memory, a bug."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("%s: an unexpected error; it goes on", name)
            await asyncio.sleep(AGAIN_SECONDS)


__all__ = ["ListenerError", "Runtime"]
