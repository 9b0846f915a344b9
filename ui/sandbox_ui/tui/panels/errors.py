"""The errors: the catalog to browse, each of its rows to force, and what is armed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from sandbox_ui.tui import reading
from sandbox_ui.tui.asking import Field, Form, Pick
from sandbox_ui.tui.messages import Changed, Chosen, Highlighted, Item
from sandbox_ui.tui.painted import Cell, Lines
from sandbox_ui.tui.panels.panel import Panel
from sandbox_ui.tui.reader import Reader
from sandbox_ui.tui.rows import Column, Rows

MATCH = ("sender", "recipient", "subject", "client", "user")
"""What narrows a forced error; `*` and `?` stand for anything."""


def _status(item: Item) -> Cell:
    return Cell(str(item["status"]), "warn" if item["status"] < 500 else "bad")


def _meant(item: Item) -> Cell:
    return Cell(reading.reply(item))


CATALOG = (
    Column(title="±", width=1, cell=lambda item: Cell("⚑" if item["armed"] else "", "bad")),
    Column(title="id", width=0, share=2, cell=lambda item: Cell(item["id"], "strong" if item["armed"] else "")),
    Column(title="status", width=6, since=50, cell=_status, order=lambda item: item["status"]),
    Column(title="reply", share=3, cell=_meant),
)
ARMED = (
    Column(title="armed", share=2, cell=lambda item: Cell(item["error"], "bad")),
    Column(title="for", share=2, cell=lambda item: Cell(_whom(item))),
    Column(title="left", width=9, cell=lambda item: Cell(_left(item), "warn")),
    Column(title="fired", width=5, cell=lambda item: Cell(str(item["fired"]))),
)


def _whom(item: Item) -> str:
    return " ".join(f"{name}={value}" for name, value in item["match"].items() if value) or "everyone"


def _left(item: Item) -> str:
    if item["used_up"]:
        return "used up"
    often = "always" if item["times"] is None else f"{item['times'] - item['fired']} times"
    return often if item["probability"] == 1 else f"{often} {item['probability']:g}"


class Errors(Panel):
    """Catalog, armed errors, and the row in full."""

    DEFAULT_CSS = """
    Errors > #errors-left > Input { height: 1; background: $boost; padding: 0 1; }
    Errors > #errors-left > Lines { padding: 0 1; }
    Errors #armed { height: auto; max-height: 6; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "force", "Force"),
        Binding("o", "force_once", "Once"),
        Binding("d,delete", "disarm", "Disarm"),
        Binding("c", "clear", "Disarm all"),
        Binding("slash", "search", "Search"),
        Binding("y", "copy", "Copy", show=False),
        Binding("escape", "close", "Back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="errors-panel", classes="split")
        self._catalog: Sequence[Item] = ()
        self._armed: Sequence[Item] = ()
        self._wanted: str | None = None

    def compose(self) -> ComposeResult:
        """Search line, armed, catalog; the row beside them."""
        with Vertical(id="errors-left"):
            yield Input(placeholder="search: an id, a status, words of the reply", id="errors-search", compact=True)
            yield Lines(id="errors-note")
            yield Rows(ARMED, id="armed")
            yield Rows(CATALOG, empty="no error has these words", id="catalog")
        yield Reader(id="entry")

    @property
    def rows(self) -> Rows:
        """The catalog."""
        return self.query_one("#catalog", Rows)

    @property
    def armed(self) -> Rows:
        """What is armed."""
        return self.query_one("#armed", Rows)

    def landing(self) -> None:
        """The catalog takes the keys."""
        self.screen.set_focus(self.rows)

    def concerned(self, events: Sequence[Item]) -> bool:
        """A refusal may have been a forced one."""
        return any(event["type"] in ("attempt.refused", "account.reset") for event in events)

    async def load(self) -> None:
        """The catalog once, what is armed each time."""
        if not self._catalog:
            self._catalog = await self.ask(lambda window: window.errors())
        self._armed = await self.ask(lambda window: window.faults())
        self._show()

    def _show(self) -> None:
        armed = {item["error"] for item in self._armed if not item["used_up"]}
        words = self.query_one("#errors-search", Input).value.casefold().split()
        found = [dict(item, armed=item["id"] in armed) for item in self._catalog if _fits(item, words)]
        self.armed.display = bool(self._armed)
        self.armed.styles.height = min(len(self._armed) + 1, 6)
        self.armed.show(self._armed)
        self.rows.show(found)
        if self._wanted and self.rows.select(self._wanted):
            self._wanted = None
        note = f"{len(found)} of {len(self._catalog)} errors · {len(armed)} armed"
        self.query_one("#errors-note", Lines).show([Cell(note, "bad" if armed else "faint")])
        self._show_entry(self.rows.item)

    def _show_entry(self, item: Item | None) -> None:
        self.query_one(Reader).show(reading.entry(item) if item else ())

    def show_error(self, name: str) -> None:
        """Show a row of the catalog."""
        self._wanted = name
        self.query_one("#errors-search", Input).value = ""
        self._stale = True
        self.shown()

    @on(Input.Changed, "#errors-search")
    def _on_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()

    @on(Input.Submitted, "#errors-search")
    def _on_entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.landing()

    @on(Highlighted, "#catalog")
    def _on_highlighted(self, event: Highlighted) -> None:
        event.stop()
        self._show_entry(event.item)

    @on(Highlighted, "#armed")
    def _on_armed_highlighted(self, event: Highlighted) -> None:
        event.stop()

    @on(Chosen, "#catalog")
    def _on_chosen(self, event: Chosen) -> None:
        event.stop()
        self.add_class("-open")
        self.screen.set_focus(self.query_one(Reader))

    @on(Chosen, "#armed")
    def _on_armed_chosen(self, event: Chosen) -> None:
        event.stop()
        self.rows.select(event.item["error"])
        self.landing()

    def action_close(self) -> None:
        """Go back to the catalog; there, empty the search."""
        if self.rows.has_focus:
            self.query_one("#errors-search", Input).value = ""
        self.remove_class("-open")
        self.landing()

    def action_search(self) -> None:
        """Go to the search line."""
        self.screen.set_focus(self.query_one("#errors-search", Input))

    # forcing

    def action_force_once(self) -> None:
        """Force the error for whoever comes next."""
        if item := self.rows.item:
            self.act(self._arm, {"error": item["id"], "times": 1})

    async def _arm(self, wish: Mapping[str, Any]) -> None:
        armed = await self.ask(lambda window: window.arm(wish))
        self.tell(f"armed {armed['error']} at {armed['stage']}")
        self._changed()

    def _changed(self) -> None:
        self.renew()
        self.post_message(Changed())

    def action_force(self) -> None:
        """Ask for whom and how often."""
        if item := self.rows.item:
            self.act(self._force, item)

    async def _force(self, item: Item) -> None:
        numbers = [
            Field(name="times", label="How often", hint="always"),
            Field(name="after", label="After how many occasions", hint="0"),
            Field(name="probability", label="How surely", hint="1"),
            Field(name="stage", label=f"At which stage: {', '.join(item['stages'])}", hint=item["stages"][0]),
        ]
        match = [Field(name=name, label=f"Only for this {name}; * and ?", hint="*") for name in MATCH]
        note = "Enter arms it; Tab goes on; Escape leaves it"
        found = await self.answer(Form(f"Force {item['id']}", [*numbers, *match], note))
        if found:
            await self._arm(wish_of(item["id"], found))

    def action_disarm(self) -> None:
        """Disarm what the cursor is on: of the armed ones, or every one of the catalog's row."""
        if self.armed.has_focus and self.armed.item:
            names = [self.armed.item["id"]]
        else:
            names = [item["id"] for item in self._armed if self.rows.item and item["error"] == self.rows.item["id"]]
        if names:
            self.act(self._disarm, names)
        else:
            self.tell("this error is not armed")

    def action_clear(self) -> None:
        """Disarm everything."""
        self.act(self._disarm, [None])

    async def _disarm(self, names: Sequence[str | None]) -> None:
        for name in names:
            await self.ask(lambda window, name=name: window.disarm(name))  # type: ignore[misc]
        self._changed()

    def action_copy(self) -> None:
        """Copy the row's id, or a way to force it."""
        if item := self.rows.item:
            self.act(self._copy, item)

    async def _copy(self, item: Item) -> None:
        ways = [("id", item["id"]), ("command", f"email-sandbox fault add {item['id']}"), ("reply", item["text"])]
        ways += [("recipient", item["magic_recipient"])] if item["magic_recipient"] else []
        shown = [(str(number), f"{what}: {text}") for number, (what, text) in enumerate(ways)]
        if picked := (await self.answer(Pick("Copy", shown))).get("picked"):
            what, text = ways[int(picked)]
            self.copy(text, what)


def _fits(item: Item, words: Sequence[str]) -> bool:
    text = f"{item['id']} {item['status']} {item['code']} {item['text']} {item['title']} {item['trigger']}".casefold()
    return all(word in text for word in words)


def wish_of(error: str, found: Mapping[str, str]) -> Mapping[str, Any]:
    """The body of `POST /faults` for what was filled in; what is no number goes as it is, and the API says so."""
    wish: dict[str, Any] = {"error": error, "match": {name: found[name] for name in MATCH if found.get(name)}}
    for name, kind in (("times", int), ("after", int), ("probability", float)):
        if found.get(name):
            wish[name] = _number(found[name], kind)
    return wish | ({"stage": found["stage"]} if found.get("stage") else {})


def _number(text: str, kind: type[int | float]) -> float | str:
    try:
        return kind(text)
    except ValueError:
        return text
