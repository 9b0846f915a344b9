"""The state: what the providers know. Quotas, suppressions, senders, domains and the rest, secrets masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from sandbox_ui.tui import words
from sandbox_ui.tui.asking import Field, Form, Pick
from sandbox_ui.tui.messages import Changed, Chosen, Highlighted, Item
from sandbox_ui.tui.painted import Cell, Lines
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.reader import Line, Reader
from sandbox_ui.tui.rows import Column, Rows

FIRST = ("suppression", "sender", "identity", "domain", "dkim", "return", "rule")
"""Words of kinds that senders of mail ask for most; the other kinds follow."""
BAR = 20
"""Cells of a quota's bar."""
COLUMNS = (
    Column(title="kind", width=16, cell=lambda item: Cell(item["kind"], _kind_colour(item)), order=lambda i: i["kind"]),
    Column(
        title="provider",
        width=8,
        since=64,
        cell=lambda item: Cell(item["provider"], "faint"),
        order=lambda item: item["provider"],
    ),
    Column(title="what", share=3, cell=lambda item: Cell(item["key"]), order=lambda item: item["key"]),
    Column(title="state", share=1, since=70, cell=lambda item: Cell(_condition(item), "faint")),
    Column(
        title="changed UTC",
        width=19,
        since=90,
        cell=lambda item: Cell(words.day_time(item["updated"]), "faint"),
        order=lambda item: item["updated"],
    ),
)


def _kind_colour(item: Item) -> str:
    return "warn" if _is_suppression(item) else "accent"


def _is_suppression(item: Item) -> bool:
    return "suppress" in item["kind"]


def _condition(item: Item) -> str:
    data = item["data"]
    return str(data.get("reason") or data.get("lifecycleState") or data.get("status") or "")


class State(Panel):
    """Quotas on top, resources in a table, one of them in full."""

    DEFAULT_CSS = "State > Vertical > Lines { padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "suppress", "Suppress"),
        Binding("d,delete", "unsuppress", "Clear suppression"),
        Binding("y", "copy", "Copy", show=False),
        Binding("escape", "close", "Back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="state-panel", classes="split")
        self._added = ""
        self._providers: Sequence[str] = ()

    def compose(self) -> ComposeResult:
        """Quotas and table; the resource beside them."""
        with Vertical():
            yield Lines(id="quotas")
            yield Rows(COLUMNS, key=_key, empty="nothing is provisioned", id="resources")
        yield Reader(id="resource")

    @property
    def rows(self) -> Rows:
        """The table."""
        return self.query_one(Rows)

    def landing(self) -> None:
        """The table takes the keys."""
        self.screen.set_focus(self.rows)

    async def load(self) -> None:
        """Ask for everything."""
        state = await self.ask(lambda window: window.state())
        self._providers = [provider["name"] for provider in state["providers"]]
        quotas = [_quota(provider, window) for provider in state["providers"] for window in provider["quota"]]
        self.query_one("#quotas", Lines).show(*quotas)
        kinds = sorted(state["resources"], key=lambda kind: (kind["provider"], _rank(kind["kind"]), kind["kind"]))
        self.rows.show(
            [dict(item, provider=kind["provider"], kind=kind["kind"]) for kind in kinds for item in kind["items"]]
        )
        for item in self.rows.items:
            if self._added and _is_suppression(item) and item["key"].casefold() == self._added.casefold():
                self.rows.select(_key(item))
                self._added = ""
        self._show_one(self.rows.item)

    def _show_one(self, item: Item | None) -> None:
        self.query_one(Reader).show(_resource(item) if item else (), stay=False)

    @on(Highlighted)
    def _on_highlighted(self, event: Highlighted) -> None:
        event.stop()
        self._show_one(event.item)

    @on(Chosen)
    def _on_chosen(self, event: Chosen) -> None:
        event.stop()
        self.add_class("-open")
        self.screen.set_focus(self.query_one(Reader))

    def action_close(self) -> None:
        """Go back to the table."""
        self.remove_class("-open")
        self.landing()

    def action_suppress(self) -> None:
        """Put an address on the suppression list."""
        self.act(self._suppress)

    async def _suppress(self) -> None:
        field = Field(name="address", label="Address", hint="ann@example.net")
        provider = await self._provider()
        title = f"Put on the suppression list of {provider}"
        address = (await self.answer(Form(title, [field]))).get("address") if provider else None
        if address:
            await self.ask(lambda window: window.suppress(address, provider))
            self._added = address
            self._changed()

    async def _provider(self) -> str | None:
        """The provider of the row under the cursor, or the only one; else the user is asked."""
        here = self.rows.item["provider"] if self.rows.item else ""
        if here in self._providers or len(self._providers) < 2:
            return here if here in self._providers else next(iter(self._providers), None)
        return (await self.answer(Pick("At which provider?", [(name, name) for name in self._providers]))).get("picked")

    def _changed(self) -> None:
        self.renew()
        self.post_message(Changed())

    def action_unsuppress(self) -> None:
        """Take the address under the cursor off the list."""
        item = self.rows.item
        if item is None or not _is_suppression(item):
            self.tell("put the cursor on a suppression")
            return
        self.act(self._unsuppress, item["key"], item["provider"])

    async def _unsuppress(self, address: str, provider: str) -> None:
        await self.ask(lambda window: window.unsuppress(address, provider))
        self.tell(f"{address} can be sent to again")
        self._changed()

    def action_copy(self) -> None:
        """Copy what the resource is called."""
        if item := self.rows.item:
            self.copy(item["key"], item["kind"])


def _key(item: Item) -> tuple[Any, ...]:
    return item["provider"], item["kind"], item["id"]


def _rank(kind: str) -> int:
    return next((number for number, word in enumerate(FIRST) if word in kind), len(FIRST))


def _quota(provider: Item, window: Item) -> Sequence[Cell]:
    span = {60: "minute", 86_400: "day"}.get(window["seconds"], words.span(window["seconds"]))
    used, limit = window["used"], window["limit"]
    name = Cell(f"{provider['name']} {provider['region']}  ", "faint")
    if limit is None:
        return [name, Cell(f"{used} in a {span}, no limit")]
    share = min(1.0, used / limit) if limit else 1.0
    kind = "bad" if share >= 1 else "warn" if share > 0.8 else "good"
    full = round(share * BAR)
    bar = [Cell("█" * full, kind), Cell("░" * (BAR - full), "faint")]
    return [name, *bar, Cell(f"  {used} of {limit} in a {span}, {window['left']} left", kind if share > 0.8 else "")]


def _resource(item: Item) -> Sequence[Line]:
    head: list[Line] = [[Cell(f"{item['kind']}  ", "faint"), Cell(item["key"], "accent")], [Cell(item["id"], "faint")]]
    return [*head, [], *(line for name, value in item["data"].items() for line in _entry(name, value))]


def _entry(name: str, value: Any, depth: int = 0) -> Sequence[Line]:
    indent = "  " * depth
    if isinstance(value, dict) and value and depth < 8:
        inner = [line for key, each in value.items() for line in _entry(str(key), each, depth + 1)]
        return [[Cell(f"{indent}{name}:", "faint")], *inner]
    shown = ", ".join(map(str, value)) if isinstance(value, list) else "·" if value in (None, "") else str(value)
    return [[Cell(f"{indent}{name}: ", "faint"), Cell(shown)]]
