"""The inspector: puts the panels on the screen, follows the sandbox, and remembers how it was left."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, TabbedContent, TabPane

from sandbox.client.errors import ClientError
from sandbox.client.transport import Transport
from sandbox_ui.tui.account_clock import AccountClock
from sandbox_ui.tui.asking import confirm
from sandbox_ui.tui.background import is_dark
from sandbox_ui.tui.keys import Keys, keys_of
from sandbox_ui.tui.live import Live
from sandbox_ui.tui.messages import Arrived, Away, Changed, Here, ShowAttempt, ShowError, ShowMessage
from sandbox_ui.tui.panels.attempts import Attempts
from sandbox_ui.tui.panels.clock import Clock
from sandbox_ui.tui.panels.errors import Errors
from sandbox_ui.tui.panels.mail import Mail
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.panels.state import State
from sandbox_ui.tui.panels.timeline import Timeline
from sandbox_ui.tui.remembered import Remembered, settings_file
from sandbox_ui.tui.status_line import StatusLine
from sandbox_ui.tui.window import Window

T = TypeVar("T")
PANELS: Mapping[str, type[Panel]] = {
    "inbox": Mail,
    "attempts": Attempts,
    "timeline": Timeline,
    "errors": Errors,
    "state": State,
    "clock": Clock,
}
"""Page → its panel, in the order of the keys 1 to 6."""
LOOK = 5.0
"""Seconds between two looks at what tells of itself by no event: the clock, what others force."""
GATHER = 0.1
"""Seconds in which events are gathered before panels hear of them."""
DARK, LIGHT = "textual-dark", "textual-light"


class Inspector(App[None]):
    """A plain client of the inspection API."""

    TITLE = "email-sandbox"
    AUTO_FOCUS = "#messages"
    CSS_PATH = "inspector.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (84, "-middle"), (130, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]  # noqa: RUF012 - see above
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(key), f"page('{name}')", name, show=False) for key, name in enumerate(PANELS, 1)),
        Binding("question_mark", "keys", "Keys"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+r", "renew", "Look again", show=False),
        Binding("ctrl+t", "light", "Dark or light", show=False),
    ]

    def __init__(
        self,
        transport: Callable[[], Transport],
        *,
        remembered: Remembered | None = None,
        dark: bool = True,
        passing: Callable[[], float] = time.monotonic,
    ) -> None:
        """`transport` makes a connection to the sandbox; `passing` counts seconds, and may stand still for a test."""
        super().__init__()
        self.window = Window(transport())
        self.remembered = remembered or Remembered(None)
        self.clock = AccountClock(passing)
        self._live = Live(transport(), self.post_message)
        self._made: Mapping[str, Panel] = {}
        self._dark = dark
        self._gathering = False
        self._was_away = False
        self._asked: set[asyncio.Future[Any]] = set()

    # making and ending

    def compose(self) -> ComposeResult:
        """One line on top, the pages, the keys."""
        self._made = {name: panel() for name, panel in PANELS.items()}
        yield StatusLine(self.window.address)
        with TabbedContent(initial="inbox", id="pages"):
            for name, panel in self._made.items():
                with TabPane(Content(name), id=name):
                    yield panel
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Take up what is remembered, and listen."""
        theme = self.remembered.text("theme")
        self.theme = theme if theme in self.available_themes else (DARK if self._dark else LIGHT)
        self.theme_changed_signal.subscribe(self, lambda theme: self.remembered.keep(theme=theme.name))
        self.call_after_refresh(self.panel().landing)
        self._live.start()
        self.set_interval(LOOK, self._look)
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not on the main thread, or Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)

    async def on_unmount(self) -> None:
        """Stop listening."""
        await asyncio.to_thread(self._live.stop)
        if self._asked:
            await asyncio.wait(self._asked)
        self.window.close()

    async def ask(self, work: Callable[[Window], T]) -> T:
        """Let a thread ask the sandbox; at the end its answer is waited for, even when nobody wants it any more."""
        answer = asyncio.ensure_future(asyncio.to_thread(work, self.window))
        self._asked.add(answer)
        answer.add_done_callback(self._answered)
        return await asyncio.shield(answer)

    def _answered(self, answer: asyncio.Future[Any]) -> None:
        self._asked.discard(answer)
        if not answer.cancelled():
            answer.exception()  # told to whoever asked, if that one is still there

    # pages

    @property
    def main(self) -> Screen[Any] | None:
        """The screen that everything is on, whatever asks in front of it; None before the start and after the end."""
        return self.screen_stack[0] if self.screen_stack else None

    @property
    def pages(self) -> TabbedContent | None:
        """The pages, while they are there."""
        parts = self.main.children if self.main else ()
        return next((part for part in parts if isinstance(part, TabbedContent)), None)

    def panel(self, name: str | None = None) -> Panel:
        """The panel of a page; of the one that is shown, without a name."""
        assert self.pages is not None
        return self._made[name or self.pages.active or "inbox"]

    def _panels(self) -> Iterable[Panel]:
        return self._made.values() if self.pages else ()

    def _status_lines(self) -> Iterable[StatusLine]:
        return self.main.query(StatusLine) if self.main else ()

    def shows(self, widget: Widget) -> bool:
        """Whether a part of the screen is on the page that is shown."""
        return self.pages is not None and any(one.id == self.pages.active for one in widget.ancestors)

    def action_page(self, name: str) -> None:
        """Go to a page."""
        if self.pages:
            self.pages.active = name

    @on(TabbedContent.TabActivated, "#pages")
    def _on_page(self, event: TabbedContent.TabActivated) -> None:
        event.stop()
        panel = self.panel()
        panel.shown()
        panel.landing()

    @on(ShowMessage)
    def _on_show_message(self, event: ShowMessage) -> None:
        mail = self.panel("inbox")
        assert isinstance(mail, Mail)
        self.action_page("inbox")
        mail.show_message(event.id)

    @on(ShowAttempt)
    def _on_show_attempt(self, event: ShowAttempt) -> None:
        attempts = self.panel("attempts")
        assert isinstance(attempts, Attempts)
        self.action_page("attempts")
        attempts.show_attempt(event.id)

    @on(ShowError)
    def _on_show_error(self, event: ShowError) -> None:
        errors = self.panel("errors")
        assert isinstance(errors, Errors)
        self.action_page("errors")
        errors.show_error(event.id)

    # what the sandbox tells

    @on(Here)
    def _on_here(self) -> None:
        """The stream stands: look at everything anew, unless it has just begun."""
        for line in self._status_lines():
            line.here()
        for panel in self._panels():
            if self._was_away and isinstance(panel, Timeline):
                panel.begin_anew()
            else:
                panel.renew()
        self._was_away = False
        self._count()

    @on(Away)
    def _on_away(self, event: Away) -> None:
        self._was_away = True
        for line in self._status_lines():
            line.away(event.reason, event.again)

    def unreachable(self, reason: str) -> None:
        """A question was not answered: the stream finds out when the sandbox is back."""
        self.log(reason)

    @on(Arrived)
    def _on_arrived(self) -> None:
        if not self._gathering:
            self._gathering = True
            self.set_timer(GATHER, self._spread)

    def _spread(self) -> None:
        """Tell the panels what came, and count anew."""
        self._gathering = False
        events = self._live.take()
        if events:
            for panel in self._panels():
                panel.happened(events)
            self._count()

    def _look(self) -> None:
        if self.pages and not self._was_away:
            self._count()
            if isinstance(panel := self.panel(), Errors | Clock):
                panel.renew()

    @on(Changed)
    def _count(self) -> None:
        """Ask for the counts of the status line."""
        self.run_worker(self._status, group="status", exclusive=True)  # type: ignore[arg-type]

    async def _status(self) -> None:
        with suppress(ClientError):
            status = await self.ask(Window.status)
            self.clock.read(status["clock"])
            for line in self._status_lines():
                line.show_status(status, self.clock.moved())

    # keys and commands of the whole

    def action_renew(self) -> None:
        """Look at everything again."""
        self.panel().renew()
        self._count()

    def action_keys(self) -> None:
        """Show the keys."""
        if len(self.screen_stack) == 1:
            self.push_screen(Keys(keys_of(self.screen)))

    def action_light(self) -> None:
        """Turn dark to light and back."""
        self.theme = LIGHT if self.current_theme.dark else DARK

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Everything that keys do, for the command palette."""
        yield from super().get_system_commands(screen)
        for name in PANELS:
            yield SystemCommand(f"Go to {name}", f"Show the page {name}", lambda name=name: self.action_page(name))
        for active in list(screen.active_bindings.values()):
            binding, node = active.binding, active.node
            if active.enabled and node not in (self, screen) and isinstance(node, Panel):
                command = f"{type(node).__name__}: {binding.description} ({binding.key})"
                act = node.run_action
                yield SystemCommand(command, binding.action, lambda act=act, what=binding.action: act(what))
        yield SystemCommand("Reset the sandbox", "Remove mail, faults and state", self._ask_reset)

    def _ask_reset(self) -> None:
        self.panel("inbox").act(self._reset)

    async def _reset(self) -> None:
        mail = self.panel("inbox")
        if (await mail.answer(confirm("Remove all mail, events, faults and state?", "Yes, start over"))).get("picked"):
            await mail.ask(lambda window: window.reset())
            self._on_here()


def run(url: str, account: str | None = None, *, ca_file: str | None = None) -> None:
    """Show the sandbox at `url` until the user quits."""
    inspector = Inspector(
        lambda: Transport(url, account, ca_file), remembered=Remembered(_file()), dark=is_dark(os.environ)
    )
    inspector.run()


def _file() -> Path | None:
    try:
        return settings_file()
    except RuntimeError:  # a user without a home
        return None
