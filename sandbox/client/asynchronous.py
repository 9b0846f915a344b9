"""`sandbox.AsyncClient`: everything that `Client` can do, awaited; one implementation, run beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, Unpack

from sandbox.client.afterwards import Rules
from sandbox.client.client import DEFAULT_URL, Client
from sandbox.client.forcing import FaultWish, ForcedErrors
from sandbox.client.messages import Message
from sandbox.client.objects import Fault
from sandbox.client.reports import Report

if TYPE_CHECKING:
    from sandbox.client.connections import IbmConnection, OciConnection, SesConnection

P = ParamSpec("P")
R = TypeVar("R")


class _Awaited(Generic[P, R]):
    """A method of `Client` as a coroutine of `AsyncClient`, with the same arguments and the same result."""

    def __init__(self, method: Callable[Concatenate[Client, P], R]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, owner: AsyncClient | None, kind: type[AsyncClient]) -> Callable[P, Coroutine[Any, Any, R]]:
        method = self._method

        @wraps(method)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> R:
            assert owner is not None, "called on a client"
            return await owner.beside(lambda: method(owner.sync, *args, **kwargs))

        return awaited


class AsyncForcedErrors:
    """Errors that are armed inside an `async with` block, or while a coroutine function runs that it decorates."""

    def __init__(self, owner: AsyncClient, forced: ForcedErrors) -> None:
        self._owner = owner
        self._forced = forced

    async def __aenter__(self) -> Fault:
        """Arm them; the first one is the value."""
        return await self._owner.beside(self._forced.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._owner.beside(lambda: self._forced.__exit__(kind, error, trace))

    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        """A coroutine function that meets the errors whenever it is called."""

        @wraps(function)
        async def decorated(*args: P.args, **kwargs: P.kwargs) -> R:
            async with self:
                return await function(*args, **kwargs)

        return decorated


class AsyncClient:
    """One sandbox over HTTP for programs with an event loop; `async with`, or `await close()` at the end.

    The methods, their arguments and the objects they give are those of `Client`; messages come with all their content,
    so that reading them asks nobody. A wait that is cancelled ends at once.
    """

    def __init__(self, url: str = DEFAULT_URL, account: str | None = None, *, ca_file: str | None = None) -> None:
        """`account` is the id of an isolated account; without it, the ready-made one. `ca_file` is for `https:`."""
        self.sync = Client(url, account, ca_file=ca_file)
        """The same client for code that may block."""

    @classmethod
    def around(cls, client: Client) -> AsyncClient:
        """The asynchronous side of a client, which stays the owner of its connections and faults."""
        made = cls(client.url_with_login, client.account)
        made.sync = client
        return made

    messages = _Awaited(Client.messages)
    message = _Awaited(Client.message)
    wait = _Awaited(Client.wait)
    wait_for = _Awaited(Client.wait_for)
    assert_no_message = _Awaited(Client.assert_no_message)
    clear = _Awaited(Client.clear)
    sessions = _Awaited(Client.sessions)
    session = _Awaited(Client.session)
    refused = _Awaited(Client.refused)
    errors = _Awaited(Client.errors)
    error = _Awaited(Client.error)
    faults = _Awaited(Client.faults)
    add_fault = _Awaited(Client.add_fault)
    unfired = _Awaited(Client.unfired)
    remove_fault = _Awaited(Client.remove_fault)
    clear_faults = _Awaited(Client.clear_faults)
    simulate = _Awaited(Client.simulate)
    reports = _Awaited(Client.reports)
    clock = _Awaited(Client.clock)
    advance = _Awaited(Client.advance)
    set_clock = _Awaited(Client.set_clock)
    reset_clock = _Awaited(Client.reset_clock)
    reset = _Awaited(Client.reset)
    status = _Awaited(Client.status)
    accounts = _Awaited(Client.accounts)
    new_account = _Awaited(Client.new_account)
    remove_account = _Awaited(Client.remove_account)
    connection = _Awaited(Client.connection)

    @property
    def url(self) -> str:
        """Base of the sandbox's HTTP side."""
        return self.sync.url

    @property
    def account(self) -> str | None:
        """The account that it speaks for; None is the ready-made one."""
        return self.sync.account

    @property
    def oci(self) -> OciConnection:
        """What a program needs to send through the OCI personality; asks the sandbox, which answers at once."""
        return self.sync.oci

    @property
    def ibm(self) -> IbmConnection:
        """What a program needs to send through the IBM personality; asks the sandbox, which answers at once."""
        return self.sync.ibm

    @property
    def ses(self) -> SesConnection:
        """What a program needs to send through the SES personality."""
        return self.sync.ses

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables for a program that is started; asks the sandbox."""
        return self.sync.environ

    @property
    def rules(self) -> Rules:
        """What decides the outcome of mail; its methods are not awaited."""
        return self.sync.rules

    def fault(self, *errors: str | None, **wish: Unpack[FaultWish]) -> AsyncForcedErrors:
        """Force an error for the length of an `async with` block, or as a decorator; see `Client.fault`."""
        return AsyncForcedErrors(self, self.sync.fault(*errors, **wish))

    async def stream(self, *, since: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """Events as they are committed, after the event `since`; ends when the sandbox stops."""
        events = self.sync.stream(since=since)
        try:
            while (event := await self.beside(partial(next, events, None))) is not None:
                yield event
        finally:
            await self.beside(events.close)  # type: ignore[attr-defined]  # a generator, which iterators need not be

    async def beside(self, work: Callable[[], R]) -> R:
        """Run blocking work of the client on a thread of its own; cancelling cuts its connection."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()

        def run() -> None:
            try:
                result = _loaded(work())
            except BaseException as error:  # noqa: BLE001 - handed over to the waiting coroutine
                _tell(loop, done, partial(done.set_exception, error))
            else:
                _tell(loop, done, partial(done.set_result, result))

        thread = threading.Thread(target=run, name="email-sandbox-client", daemon=True)
        thread.start()
        try:
            return await done
        except asyncio.CancelledError:
            self.sync.interrupt(thread)
            raise

    async def close(self) -> None:
        """Close the connections; the client opens new ones when it is used again."""
        self.sync.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _tell(loop: asyncio.AbstractEventLoop, done: asyncio.Future[Any], settle: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
        loop.call_soon_threadsafe(lambda: None if done.done() else settle())


def _loaded(result: R) -> R:
    """A result whose messages and reports have all their content."""
    for item in result if isinstance(result, list) else [result]:
        if isinstance(item, Message | Report):
            item.load()
    return result
