"""The attempts: every conversation and API call, why it was refused, and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from sandbox.client.errors import ApiError
from sandbox_ui.tui import reading, words
from sandbox_ui.tui.messages import Chosen, Highlighted, Item, NearEnd, ShowError, ShowMessage
from sandbox_ui.tui.painted import Cell, Lines
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.reader import Reader
from sandbox_ui.tui.rows import Column, Rows
from sandbox_ui.tui.search_bar import ATTEMPTS, SearchBar


def _result(item: Item) -> Cell:
    if item["refusals"]:
        last = item["refusals"][-1]
        return Cell(f"✗ {'forced ' if last['forced'] else ''}{reading.answer(last)}", "bad")
    if item["messages"]:
        return Cell(f"✓ {len(item['messages'])} accepted", "good")
    return Cell(item["summary"] or "· nothing was sent", "faint")


COLUMNS = (
    Column(title="time UTC", width=8, cell=lambda item: Cell(words.clock_time(item["started"]), "faint")),
    Column(title=" ", width=1, cell=lambda item: Cell("" if item["ended"] else "●", "accent")),
    Column(title="via", width=5, cell=lambda item: Cell(item["channel"])),
    Column(title="client", width=21, since=90, cell=lambda item: Cell(item["client"], "faint")),
    Column(title="result", share=1, cell=_result),
)


class Attempts(Panel):
    """The list of conversations, and one of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search"),
        Binding("r", "refused", "Refused only"),
        Binding("x", "error", "Error"),
        Binding("o", "message", "Message"),
        Binding("y", "copy", "Copy", show=False),
        Binding("escape", "close", "Back", show=False),
    ]

    DEFAULT_CSS = """
    Attempts > #attempts-left > Input { height: 1; background: $boost; padding: 0 1; }
    Attempts > #attempts-left > Lines { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="attempts-panel", classes="split")
        self._search = ""
        self._refused = False
        self._known: list[Item] = []
        self._cursor: str | None = None
        self._loading = False
        self._wanted: str | None = None
        self._listed: str | None = None
        self._attempt: Item | None = None

    def compose(self) -> ComposeResult:
        """Search bar, what it says, the list; the transcript beside them."""
        with Vertical(id="attempts-left"):
            yield SearchBar(ATTEMPTS, "words said, error: is:forced stage: client: after:1h …", id="attempts-search")
            yield Lines(id="attempts-note")
            yield Rows(COLUMNS, id="attempt-rows")
        yield Reader(id="transcript")

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one(Rows)

    def landing(self) -> None:
        """The list takes the keys."""
        self.screen.set_focus(self.rows)

    async def load(self) -> None:
        """The newest conversations, and the one that is looked at, which may go on."""
        query, refused = self._search, self._refused
        try:
            page = await self.ask(lambda window: window.attempts(query, refused=refused))
        except ApiError as error:
            if error.code != "bad-query":
                raise
            self._note(Cell(f"✗ {error}", "bad"))
            return
        if (query, refused) != (self._search, self._refused):
            return  # the list is another one by now, and was asked for again
        fresh = {item["id"] for item in page.items}
        if page.next is None or not any(item["id"] in fresh for item in self._known):
            self._known, self._cursor = list(page.items), page.next
        else:
            self._known = [*page.items, *(item for item in self._known if item["id"] not in fresh and item["ended"])]
        self._describe(page.total)
        self.rows.show(self._known)
        wanted, self._wanted = self._wanted, None
        if wanted:
            self.rows.select(wanted)
        self._listed = self.rows.item["id"] if self.rows.item else None
        await self._load_one(wanted or self._listed)

    async def _load_one(self, name: str | None) -> None:
        before, reader = self._attempt, self.query_one(Reader)
        if name is None:
            self._attempt = None
            reader.show(())
            return
        try:
            self._attempt = await self.ask(lambda window: window.attempt(name))
        except ApiError as error:
            if error.status != 404:
                raise
            self._attempt = None
            reader.show([[Cell("this conversation is no longer there", "faint")]])
            return
        same = before is not None and before["id"] == name
        reader.show(reading.transcript(self._attempt), stay=same)

    @on(Highlighted)
    def _on_highlighted(self, event: Highlighted) -> None:
        event.stop()
        name = event.item["id"] if event.item else None
        if name != self._listed:  # else it was loaded together with the list
            self._listed = None
            self.act(self._load_one, name)

    @on(Chosen)
    def _on_chosen(self, event: Chosen) -> None:
        event.stop()
        self.add_class("-open")
        self.screen.set_focus(self.query_one(Reader))

    @on(NearEnd)
    def _on_near_end(self, event: NearEnd) -> None:
        event.stop()
        if self._cursor and not self._loading:
            self._loading = True
            self.act(self._load_older)

    async def _load_older(self) -> None:
        try:
            wish = query, cursor, refused = self._search, self._cursor, self._refused
            page = await self.ask(lambda window: window.attempts(query, cursor, refused=refused))
            if wish == (self._search, self._cursor, self._refused):
                have = {item["id"] for item in self._known}
                self._known += [item for item in page.items if item["id"] not in have]
                self._cursor = page.next
                self.rows.show(self._known)
        finally:
            self._loading = False

    def show_attempt(self, name: str) -> None:
        """Show a conversation, also one that the list has not loaded."""
        self._wanted = name
        self._refused = False
        self.query_one(SearchBar).value = ""
        self.renew()

    # search and filter

    @on(Input.Changed, "#attempts-search")
    def _on_typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value.strip() != self._search:
            self._search = event.value.strip()
            self._known = []
            self.renew()

    @on(Input.Submitted, "#attempts-search")
    def _on_entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.landing()

    def action_search(self) -> None:
        """Go to the search bar."""
        self.screen.set_focus(self.query_one(SearchBar))

    def _describe(self, total: int) -> None:
        """Say how many there are, of which kind."""
        kind = "refused attempts" if self._refused else "attempts"
        self._note(Cell(f"{total} {kind}{' matching' if self._search else ''}", "faint"))
        nothing = "nothing was refused" if self._refused else "nobody has tried to send yet"
        self.rows.say("no attempt matches" if self._search else nothing)

    def _note(self, cell: Cell) -> None:
        self.query_one("#attempts-note", Lines).show([cell])

    def action_close(self) -> None:
        """Go back to the list; there, empty the search."""
        if self.rows.has_focus:
            self.query_one(SearchBar).value = ""
        self.remove_class("-open")
        self.landing()

    def action_refused(self) -> None:
        """Only the refused ones, or all."""
        self._refused = not self._refused
        self._known = []
        self.renew()

    def _refusals(self) -> Sequence[Item]:
        return self._attempt["refusals"] if self._attempt else ()

    def action_error(self) -> None:
        """Show the catalog's row behind the last refusal."""
        if refusals := self._refusals():
            self.post_message(ShowError(refusals[-1]["error"]))
        else:
            self.tell("nothing was refused here")

    def action_message(self) -> None:
        """Show the message that came of it."""
        if self._attempt and self._attempt["messages"]:
            self.post_message(ShowMessage(self._attempt["messages"][-1]))
        else:
            self.tell("no message came of it")

    def action_copy(self) -> None:
        """Copy the transcript."""
        if self._attempt:
            self.copy(self.query_one(Reader).plain, "the transcript")
