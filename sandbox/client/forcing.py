"""Errors that are forced on the program under test: for a block, for a function, once, often, or in a sequence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar, Unpack, cast
from urllib.parse import quote

from sandbox import client
from sandbox.client.errors import ApiError, tells_all
from sandbox.client.transport import Transport

if TYPE_CHECKING:  # the package imports them when they are first used
    from sandbox.client.objects import CatalogEntry, Fault

__tracebackhide__ = tells_all

P = ParamSpec("P")
R = TypeVar("R")


class Matched(TypedDict, total=False):
    """Whom a forced error strikes: patterns with shell wildcards."""

    sender: str
    recipient: str
    subject: str
    client: str
    user: str


class FaultWish(Matched, total=False):
    """How a forced error is to strike."""

    times: int | None
    probability: float | None
    after: int | None
    stage: str | None
    follows: str | None
    seconds: float | None
    bytes_per_second: int | None
    seed: str | int | None
    must_fire: bool


class ForcedErrors:
    """Errors that are armed inside a `with` block, or while a function runs that it decorates."""

    def __init__(self, owner: Forcing, errors: Sequence[str | None], wish: FaultWish) -> None:
        self._owner = owner
        self._errors = errors
        self._wish = wish
        self._armed: list[Fault] = []

    def __enter__(self) -> Fault:
        """Arm them; the first one is the value."""
        self._armed = self._owner.arm(self._errors, self._wish)
        return self._armed[0]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner.disarm(self._armed, failed=kind is not None)
        self._armed = []

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """A function, or a coroutine function, that meets the errors whenever it is called."""
        fresh = ForcedErrors(self._owner, self._errors, self._wish)
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", _around(fresh, function))

        @wraps(function)
        def decorated(*args: P.args, **kwargs: P.kwargs) -> R:
            with ForcedErrors(self._owner, self._errors, self._wish):
                return function(*args, **kwargs)

        return decorated


def _around(forced: ForcedErrors, function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    @wraps(function)
    async def decorated(*args: P.args, **kwargs: P.kwargs) -> R:
        with forced:
            return await function(*args, **kwargs)

    return decorated


class Forcing:
    """The error catalog, and the errors of it that are armed."""

    _transport: Transport
    _watched: dict[str, Fault]
    """Faults of this client that somebody has to meet, by id."""
    _unmet: list[Fault]
    """Those that were disarmed before anybody met them."""

    def errors(self, provider: str | None = None) -> list[CatalogEntry]:
        """The error catalog, of one provider or of all."""
        page = self._transport.json("GET", "/errors", provider=provider)
        return [client.CatalogEntry.read(item) for item in page["items"]]

    def error(self, entry_id: str) -> CatalogEntry:
        """One row of the catalog."""
        return client.CatalogEntry.read(self._transport.json("GET", f"/errors/{quote(entry_id, safe='')}"))

    def faults(self) -> list[Fault]:
        """The armed errors, also those that are used up."""
        return [client.Fault.read(item) for item in self._transport.json("GET", "/faults")["items"]]

    def add_fault(
        self,
        error: str,
        *,
        times: int | None = None,
        probability: float | None = None,
        after: int | None = None,
        stage: str | None = None,
        follows: str | None = None,
        seconds: float | None = None,
        bytes_per_second: int | None = None,
        seed: str | int | None = None,
        must_fire: bool = True,
        **match: Unpack[Matched],
    ) -> Fault:
        """Arm an error until it is removed or has fired `times` times; `after` lets that many occasions pass first.

        `match` narrows it: `sender`, `recipient`, `subject`, `client`, `user`, with shell wildcards. `follows` is the
        id of a fault that has to be used up before. `must_fire=False` keeps it out of `unfired`. `seed` makes the
        chances of `probability` the same every time.

        In place of an error, something can be done to the connection: `delay` (for `seconds`), `throttle` (to
        `bytes_per_second`), `drop-before`, `drop-after`, `tls-handshake`.
        """
        wish: dict[str, Any] = {
            "times": times,
            "probability": probability,
            "after": after,
            "stage": stage,
            "follows": follows,
        }
        wish |= {"seconds": seconds, "bytes_per_second": bytes_per_second, "seed": seed}
        kind = "error" if "." in error else "action"
        body = {kind: error, "match": match, **{name: value for name, value in wish.items() if value is not None}}
        fault = client.Fault.read(self._transport.json("POST", "/faults", body=body))
        if must_fire and fault.probability == 1:
            self._watched[fault.id] = fault
        return fault

    def fault(self, *errors: str | None, **wish: Unpack[FaultWish]) -> ForcedErrors:
        """Force an error for the length of a `with` block, or as a decorator; takes what `add_fault` takes.

        Several errors are a sequence: each strikes once (or `times` times), the next only after it; None lets one
        occasion pass. One that nobody met is listed in `unfired`, which fails a test of the pytest plugin, unless
        `must_fire=False`.
        """
        if not any(errors):
            raise TypeError("name the error to force: the id of a row of errors()")
        return ForcedErrors(self, errors, wish)

    def arm(self, errors: Sequence[str | None], wish: FaultWish) -> list[Fault]:
        """Arm one error, or several of which each waits for the one before it."""
        armed: list[Fault] = []
        passing = wish.get("after") or 0
        try:
            for error in errors:
                if error is None:
                    passing += 1
                    continue
                step: FaultWish = {**wish, "after": passing or None}
                if len(errors) > 1:
                    step["times"] = wish.get("times") or 1
                if armed:
                    step["follows"] = armed[-1].id
                armed.append(self.add_fault(error, **step))
                passing = 0
        except BaseException:
            self.disarm(armed, failed=True)
            raise
        return armed

    def disarm(self, faults: Sequence[Fault], *, failed: bool) -> None:
        """Remove faults; those that nobody met are remembered, unless what they were for `failed` anyway."""
        present = {fault.id: fault for fault in self.faults()} if not failed else {}
        for fault in faults:
            watched = self._watched.pop(fault.id, None)
            now = present.get(fault.id)
            if watched is not None and now is not None and not now.fired:
                self._unmet.append(now)
            self.remove_fault(fault.id)

    def unfired(self) -> list[Fault]:
        """Forced errors of this client that nobody met: those of ended blocks, and those that are still armed."""
        present = self.faults() if self._watched else ()
        armed = [fault for fault in present if fault.id in self._watched and not fault.fired]
        return [*self._unmet, *armed]

    def _forget_faults(self) -> None:
        self._watched.clear()
        self._unmet.clear()

    def remove_fault(self, fault_id: str) -> None:
        """Disarm one error; that it is gone already is no error."""
        self._watched.pop(fault_id, None)
        try:
            self._transport.json("DELETE", f"/faults/{quote(fault_id, safe='')}")
        except ApiError as error:
            if error.status != 404:
                raise

    def clear_faults(self) -> None:
        """Disarm every error, and forget those that nobody met."""
        self._forget_faults()
        self._transport.json("DELETE", "/faults")
