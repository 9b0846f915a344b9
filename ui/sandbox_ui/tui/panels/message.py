"""One message: its heading, and a tab for each way of looking at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Tab, Tabs

from sandbox.client.errors import ApiError
from sandbox_ui.tui import reading, words
from sandbox_ui.tui.messages import Item
from sandbox_ui.tui.painted import Cell, Lines
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.reader import Line, Reader
from sandbox_ui.tui.window import Window

FROM_OBJECT: Mapping[str, Callable[[Item], Sequence[Line]]] = {
    "text": reading.text,
    "html": reading.html,
    "headers": reading.headers,
    "parts": reading.structure,
    "recipients": reading.recipients,
    "verdicts": reading.verdicts,
}
"""Tab → its lines, for those that the message's object has."""
FROM_WINDOW: Mapping[str, Callable[[Window, Item], Sequence[Line]]] = {
    "clients": lambda window, message: reading.compatibility(window.compatibility(message["id"])),
}
"""Tab → its lines, for those that are asked for alone."""
FROM_OCTETS: Mapping[str, Callable[[Window, Item], bytes]] = {
    "source": lambda window, message: window.raw(message["id"]),
    "copy": lambda window, message: window.copy(message["id"], (message["envelope"]["rcpt_to"] or [""])[0]),
}
"""Tab → the octets that it shows."""
TABS = ("text", "html", "headers", "parts", "source", "copy", "recipients", "verdicts", "clients")


class MessagePanel(Panel):
    """Shows the message that the inbox's cursor is on."""

    DEFAULT_CSS = """
    MessagePanel > #message-head { padding: 0 1; background: $boost; }
    MessagePanel > Tabs { height: 2; }
    MessagePanel > Reader { padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "Tab before", show=False),
        Binding("right,l", "turn(1)", "Next tab", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="message")
        self._wanted: Item | None = None
        self.message: Item | None = None
        """The message that is shown, with everything about it."""
        self._tab = "text"
        self._shown = ("", "")

    def compose(self) -> ComposeResult:
        """Heading, tabs, text."""
        yield Lines(id="message-head")
        tabs = Tabs(*(Tab(name, id=name) for name in TABS), id="message-tabs")
        tabs.can_focus = False
        yield tabs
        yield Reader(id="message-text")

    @property
    def reader(self) -> Reader:
        """The text."""
        return self.query_one(Reader)

    def landing(self) -> None:
        """The text takes the keys."""
        self.screen.set_focus(self.reader)

    def want(self, item: Item | None) -> None:
        """Show this message, or none."""
        if item is None or self._wanted is None or item["id"] != self._wanted["id"]:
            self._wanted = item
            self.renew()

    def concerned(self, events: Sequence[Item]) -> bool:
        """Events about this message."""
        return self._wanted is not None and any(event["message"] == self._wanted["id"] for event in events)

    async def load(self) -> None:
        """Fetch the message and show the tab."""
        if (wanted := self._wanted) is None:
            self.message = None
            self.query_one("#message-head", Lines).show([Cell("no message", "faint")])
            self.reader.show(())
            return
        name = wanted["id"]
        try:
            self.message = await self.ask(lambda window: window.message(name))
        except ApiError as error:
            if error.status != 404:
                raise
            self.message = None  # removed meanwhile: the list hears of it, too
            return
        self._show_head(self.message)
        await self._show_tab(self.message)

    def _show_head(self, message: Item) -> None:
        accepted = f"  {words.day_time(message['times']['accepted'])}"
        details = [words.size(message["size"]), message["provider"], message["channel"]]
        tags = "".join(f" #{tag}" for tag in message["tags"])
        self.query_one("#message-head", Lines).show(
            [
                words.outcome(message["outcome"]),
                Cell(f"  {message['subject'] or '(no subject)'}", "strong"),
                Cell(tags),
            ],
            [Cell(f"{words.author(message)} → {words.recipients(message)}")],
            [Cell(" · ".join([*details]) + accepted, "faint")],
        )

    async def _show_tab(self, message: Item) -> None:
        tab = self._tab
        if tab in FROM_OBJECT:
            lines = await self.ask(lambda _: FROM_OBJECT[tab](message))
        elif tab in FROM_WINDOW:
            lines = await self.ask(lambda window: FROM_WINDOW[tab](window, message))
        else:
            lines = await self._octets(tab, message)
        if (message, tab) == (self.message, self._tab):
            now = (str(message["id"]), tab)
            self.reader.show(lines, stay=self._shown == now)
            self._shown = now

    async def _octets(self, tab: str, message: Item) -> Sequence[Line]:
        try:
            return await self.ask(lambda window: reading.octets(FROM_OCTETS[tab](window, message)))
        except ApiError as error:
            return [[Cell(str(error), "faint")]]

    @on(Tabs.TabActivated)
    def _on_tab(self, event: Tabs.TabActivated) -> None:
        event.stop()
        if event.tab.id and event.tab.id != self._tab:
            self._tab = event.tab.id
            self.renew()

    def action_turn(self, by: int) -> None:
        """Go to a tab beside this one."""
        self.show_tab(TABS[(TABS.index(self._tab) + by) % len(TABS)])

    def show_tab(self, name: str) -> None:
        """Go to a tab."""
        self.query_one(Tabs).active = name
