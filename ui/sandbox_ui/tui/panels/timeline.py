"""The timeline: everything that happens, as it happens, and how much of it in the last hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Sparkline

from sandbox_ui.tui import words
from sandbox_ui.tui.messages import Chosen, Item, NearEnd, ShowAttempt, ShowMessage
from sandbox_ui.tui.painted import Cell, Lines
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.rows import Column, Rows

PAGE = 500
"""Events of one look into the log."""
KINDS = ("", "message.", "recipient.", "attempt.", "session.")
"""What the filter key goes through: the beginnings of event types."""
_KIND_OF = {
    "recipient.delivered": "good",
    "attempt.refused": "bad",
    "recipient.hard_bounced": "bad",
    "recipient.soft_bounced": "bad",
    "recipient.deferred": "warn",
    "recipient.suppressed": "warn",
    "suppression.added": "warn",
    "message.accepted": "accent",
    "message.received": "accent",
    "recipient.received": "good",
    "recipient.rejected": "bad",
}


def _about(item: Item) -> Cell:
    data = item["data"]
    said = data.get("reply") or data.get("detail") or data.get("summary")
    parts = (data.get("subject"), item["recipient"], data.get("error"), said)
    return Cell("  ".join(str(part) for part in parts if part))


COLUMNS = (
    Column(title="no.", width=6, since=80, cell=lambda item: Cell(f"{item['id']:>6}", "faint")),
    Column(title="time UTC", width=8, cell=lambda item: Cell(words.clock_time(item["at"]), "faint")),
    Column(title="what", width=22, cell=lambda item: Cell(item["type"], _KIND_OF.get(item["type"], ""))),
    Column(title="about", cell=_about),
)


class Timeline(Panel):
    """The event log, newest first."""

    DEFAULT_CSS = """
    Timeline > Sparkline { height: 2; margin: 0 1; }
    Timeline > Lines { padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "filter", "Filter"),
        Binding("o", "attempt", "Conversation", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="timeline-panel")
        self._known: list[Item] = []
        self._kind = 0
        self._loading = False
        self._anew = True

    def compose(self) -> ComposeResult:
        """How much, a heading, the list."""
        yield Sparkline([], id="activity")
        yield Lines(id="timeline-note")
        yield Rows(COLUMNS, empty="nothing has happened yet", id="events")

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one(Rows)

    def landing(self) -> None:
        """The list takes the keys."""
        self.screen.set_focus(self.rows)

    def happened(self, events: Sequence[Item]) -> None:
        """Forget the log when it was emptied."""
        if any(event["type"] == "account.reset" for event in events):
            self._anew = True
        super().happened(events)

    def begin_anew(self) -> None:
        """Read the log again from its end."""
        self._anew = True
        self.renew()

    async def load(self) -> None:
        """The events since the newest that is known, else the latest page of the log."""
        anew, self._anew = self._anew, False
        known = [] if anew else self._known
        last = int((await self.ask(lambda window: window.status()))["last_event"])
        since = max(known[0]["id"] if known else 0, last - PAGE)
        fresh = await self.ask(lambda window: window.events(since, 2 * PAGE))
        joined = not known or since == known[0]["id"]
        self._known = [*reversed(fresh), *(known if joined else ())]
        activity = await self.ask(lambda window: window.activity("1h", 60))
        self._show(activity)

    def _show(self, activity: Sequence[Item] | None = None) -> None:
        kind = KINDS[self._kind]
        self.rows.show([item for item in self._known if item["type"].startswith(kind)])
        if activity is not None:
            self.query_one(Sparkline).data = [float(sum(step["counts"].values())) for step in activity]
        note = f"the last hour of the account's clock · showing {kind.rstrip('.') or 'everything'}"
        self.query_one("#timeline-note", Lines).show([Cell(note, "faint")])

    @on(NearEnd)
    def _on_near_end(self, event: NearEnd) -> None:
        event.stop()
        if self._known and self._known[-1]["id"] > 1 and not self._loading:
            self._loading = True
            self.act(self._load_older)

    async def _load_older(self) -> None:
        """Read backwards; ids of other accounts leave gaps, so it goes on until there is something."""
        try:
            first = end = int(self._known[-1]["id"])
            while end > 1:
                since = max(0, end - PAGE - 1)
                found = await self.ask(lambda window, since=since: window.events(since, PAGE))  # type: ignore[misc]
                older = [item for item in found if item["id"] < end]
                end = since + 1
                if older and self._known and self._known[-1]["id"] == first:
                    self._known += reversed(older)
                    self._show()
                    return
        finally:
            self._loading = False

    @on(Chosen)
    def _on_chosen(self, event: Chosen) -> None:
        event.stop()
        if event.item["message"]:
            self.post_message(ShowMessage(event.item["message"]))
        else:
            self.action_attempt()

    def action_attempt(self) -> None:
        """Show the conversation of an event."""
        item = self.rows.item
        session = item and item["data"].get("session")
        if session:
            self.post_message(ShowAttempt(str(session)))
        else:
            self.tell("no conversation belongs to it")

    def action_filter(self) -> None:
        """Show the next kind of events only."""
        self._kind = (self._kind + 1) % len(KINDS)
        self._show()
