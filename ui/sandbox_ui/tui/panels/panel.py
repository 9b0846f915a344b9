"""What every panel does: asks the sandbox off the screen's loop, and renews itself when something happened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from textual.app import ScreenStackError
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.screen import ModalScreen

from sandbox.client.errors import ApiError, UnreachableError
from sandbox_ui.tui.messages import Item
from sandbox_ui.tui.outside import OutsideError
from sandbox_ui.tui.painted import drawn
from sandbox_ui.tui.window import Window

if TYPE_CHECKING:
    from sandbox_ui.tui.app import Inspector

P = ParamSpec("P")
T = TypeVar("T")
BREATH = 0.2
"""Seconds between two renewals of a panel while mail comes in."""


class Panel(Vertical):
    """A part of the screen with its own keys. It is renewed only while it is shown."""

    DEFAULT_CSS = "Panel { height: 1fr; }"
    _renewing = False
    _again = False
    _stale = True

    @property
    def inspector(self) -> Inspector:
        """The program that it is a part of."""
        from sandbox_ui.tui.app import Inspector  # noqa: PLC0415 - the program imports its panels

        assert isinstance(self.app, Inspector)
        return self.app

    async def load(self) -> None:
        """Ask for what it shows, and show it."""
        raise NotImplementedError

    def landing(self) -> None:
        """Take the keys, when the panel is gone to."""

    def concerned(self, events: Sequence[Item]) -> bool:
        """Whether events change what it shows."""
        return bool(events)

    def happened(self, events: Sequence[Item]) -> None:
        """Take notice of events."""
        if self.concerned(events):
            self.renew()

    def renew(self) -> None:
        """Load again: now when it is shown, else when it is next shown; many wishes become one."""
        if not self.inspector.shows(self):
            self._stale = True
        elif self._renewing:
            self._again = True
        else:
            self._renewing = True
            self.run_worker(self._renew, group="renew")  # type: ignore[arg-type]

    def shown(self) -> None:
        """It is shown now."""
        if self._stale:
            self.renew()

    async def _renew(self) -> None:
        try:
            while True:
                self._again = self._stale = False
                await self.guarded(self.load())
                if not self._again:
                    return
                await asyncio.sleep(BREATH)
        finally:
            self._renewing = False

    async def ask(self, work: Callable[[Window], T]) -> T:
        """Let a thread ask the sandbox."""
        return await self.inspector.ask(work)

    def act(self, work: Callable[P, Awaitable[None]], *args: P.args, **more: P.kwargs) -> None:
        """Do something for the user beside the screen; what goes wrong is told.

        `work` is called only once its turn comes: a screen that closes before leaves nothing that waits to be awaited.
        """

        async def act() -> None:
            await self.guarded(work(*args, **more))

        self.run_worker(act, group="act")  # type: ignore[arg-type]

    async def guarded(self, work: Awaitable[None]) -> None:
        """Tell what the sandbox refuses, and what can't be written; that it is away, the status line says.

        What is answered while the program ends finds its widgets gone: nobody wants it any more.
        """
        try:
            await work
        except UnreachableError as error:
            self.inspector.unreachable(str(error))
            self._stale = True
        except (ApiError, OutsideError) as error:
            self.tell(str(error), wrong=True)
        except (NoMatches, NoScreen, ScreenStackError):
            if self.is_attached and self.app.is_running:
                raise

    def tell(self, text: str, *, wrong: bool = False) -> None:
        """Say something in a corner."""
        self.notify(drawn(text), severity="error" if wrong else "information", markup=False)

    async def answer(self, screen: ModalScreen[Mapping[str, str] | None]) -> Mapping[str, str]:
        """What the user answers; empty when the window was closed."""
        return await self.app.push_screen_wait(screen) or {}

    def copy(self, text: str, what: str) -> None:
        """Put text into the terminal's clipboard (OSC 52: also over ssh)."""
        self.app.copy_to_clipboard(text)
        self.tell(f"copied {what}")
