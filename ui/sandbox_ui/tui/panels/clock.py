"""The clock: what time it is for the account, what falls due next, and keys to go there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Digits

from sandbox_ui.tui import words
from sandbox_ui.tui.asking import Field, Form
from sandbox_ui.tui.messages import Changed, Chosen, ShowMessage
from sandbox_ui.tui.painted import Cell, Lines
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.rows import Column, Rows

WAITING = "outcome:deferred OR outcome:queued"
"""Messages with a recipient that something is still due for."""
COLUMNS = (
    Column(title="due UTC", width=19, cell=lambda item: Cell(words.day_time(item["due"]), "warn")),
    Column(title="in", width=9, cell=lambda item: Cell(item["left"], "faint")),
    Column(title="recipient", share=1, cell=lambda item: Cell(item["address"])),
    Column(title="subject", share=1, since=70, cell=lambda item: Cell(item["subject"], "faint")),
    Column(title="why", share=1, since=110, cell=lambda item: Cell(item["detail"], "faint")),
)


class Clock(Panel):
    """The account's time."""

    DEFAULT_CSS = """
    Clock > Digits { width: auto; padding: 0 1; color: $text-primary; }
    Clock > Lines { padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "advance('1m')", "+1m"),
        Binding("h", "advance('1h')", "+1h"),
        Binding("d", "advance('24h')", "+24h"),
        Binding("a", "ask", "Advance…"),
        Binding("n", "next", "Next due"),
        Binding("s", "set", "Set…"),
        Binding("0", "real", "Real time"),
    ]

    def __init__(self) -> None:
        super().__init__(id="clock-panel")

    def compose(self) -> ComposeResult:
        """The time, what it means, what is due."""
        yield Digits("", id="digits")
        yield Lines(id="clock-note")
        yield Rows(COLUMNS, key=lambda item: (item["message"], item["address"]), empty="nothing is due", id="due")

    @property
    def rows(self) -> Rows:
        """What is due, the next one first."""
        return self.query_one(Rows)

    def landing(self) -> None:
        """The list takes the keys."""
        self.screen.set_focus(self.rows)

    def on_mount(self) -> None:
        """Let the digits run."""
        self.set_interval(0.5, self.tick)

    def tick(self) -> None:
        """Show the time that it is now."""
        if self.inspector.shows(self):
            clock = self.inspector.clock
            self.query_one(Digits).update(f"{clock.now():%H:%M:%S}" if clock.known else "--:--:--")
            self.query_one("#clock-note", Lines).show(*self._note())

    def _note(self) -> Sequence[Sequence[Cell]]:
        clock = self.inspector.clock
        day = Cell(f"{clock.now():%A, %Y-%m-%d} UTC", "strong")
        moved = Cell(f"{clock.moved()} from real time", "warn") if clock.offset else Cell("real time", "faint")
        hint = "quotas, retries and expiry follow this clock; what falls due on the way is done"
        return [[day, Cell("  "), moved], [Cell(hint, "faint")]] if clock.known else []

    async def load(self) -> None:
        """The time, and whom something is due for."""
        self.inspector.clock.read(await self.ask(lambda window: window.clock()))
        page = await self.ask(lambda window: window.messages(WAITING))
        now = self.inspector.clock.now()
        due = [
            {
                **one,
                "message": item["id"],
                "subject": item["subject"],
                "left": words.span(max(0.0, (words.moment(one["due"]) - now).total_seconds())),
            }
            for item in page.items
            for one in item["recipients"]
            if one["due"]
        ]
        self.rows.show(sorted(due, key=lambda one: str(one["due"])))
        self.tick()

    def on_chosen(self, event: Chosen) -> None:
        """Show the message."""
        event.stop()
        self.post_message(ShowMessage(event.item["message"]))

    def _move(self, wish: Mapping[str, Any]) -> None:
        async def move() -> None:
            self.inspector.clock.read(await self.ask(lambda window: window.move_clock(wish)))
            self.renew()
            self.post_message(Changed())

        self.act(move)

    def action_advance(self, duration: str) -> None:
        """Go forward."""
        self._move({"advance": duration})

    def action_next(self) -> None:
        """Go to the moment at which the next recipient is due."""
        if not self.rows.items:
            self.tell("nothing is due")
            return
        due = words.moment(str(self.rows.items[0]["due"])) + timedelta(milliseconds=1)
        self._move({"advance": max(0.0, (due - self.inspector.clock.now()).total_seconds())})

    def action_real(self) -> None:
        """Go back to real time."""
        self._move({"reset": True})

    def action_ask(self) -> None:
        """Ask how far."""
        self.act(self._ask, "advance", "Advance the clock", "How far: 90s, 15m, 24h, 1d12h", "1h")

    def action_set(self) -> None:
        """Ask for the time."""
        now = self.inspector.clock.now() if self.inspector.clock.known else None
        hint = f"{now:%Y-%m-%dT%H:%M:%SZ}" if now else "2026-01-31T12:00:00Z"
        self.act(self._ask, "set", "Set the clock", "The time, in UTC", hint)

    async def _ask(self, what: str, title: str, label: str, value: str) -> None:
        found = await self.answer(Form(title, [Field(name=what, label=label, value=value)]))
        if found.get(what):
            self._move({what: found[what]})
