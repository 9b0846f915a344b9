"""A table that draws only the rows in sight: a hundred thousand cost no more than twenty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import set_cell_size
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from sandbox_ui.tui.messages import Chosen, Highlighted, Item, NearEnd
from sandbox_ui.tui.painted import Cell, Painted, drawn

AHEAD = 60
"""Rows before the end at which more are asked for."""
GAP = 1


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column."""

    title: str
    cell: Callable[[Item], Cell]
    width: int = 0
    """Cells; 0 takes a share of what is left."""
    share: int = 1
    since: int = 0
    """Width of the table from which on it is there."""
    order: Callable[[Item], Any] | None = None
    """What rows are sorted by; None: they are not."""


class Rows(Painted, can_focus=True):
    """A table with a cursor; the first line is the heading."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--head", "rows--cursor", "rows--faded"}
    DEFAULT_CSS = """
    Rows { height: 1fr; overflow-x: hidden; background: $background; scrollbar-size-vertical: 1; }
    Rows > .rows--head { background: $panel; color: $foreground; text-style: bold; }
    Rows > .rows--cursor { background: $primary; color: $text; }
    Rows > .rows--faded { background: $surface-lighten-1; color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "leap(-1)", "A page up", show=False),
        Binding("pagedown,ctrl+f", "leap(1)", "A page down", show=False),
        Binding("ctrl+u", "leap(-0.5)", "Half a page up", show=False),
        Binding("ctrl+d", "leap(0.5)", "Half a page down", show=False),
        Binding("home,g", "first", "First row", show=False),
        Binding("end,G", "last", "Last row", show=False),
        Binding("enter", "choose", "Open"),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        key: Callable[[Item], Any] = lambda item: item["id"],
        empty: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._columns = columns
        self._key = key
        self._empty = empty
        self._items: list[Item] = []
        self._given: Sequence[Item] = ()
        self._cursor = 0
        self._sort: tuple[int, bool] | None = None
        self.follow = False
        """Whether the cursor goes to the first row whenever rows come."""

    @property
    def items(self) -> Sequence[Item]:
        """The rows in the order in which they are shown."""
        return self._items

    @property
    def item(self) -> Item | None:
        """The row under the cursor."""
        return self._items[self._cursor] if self._items else None

    @property
    def cursor(self) -> int:
        """Its number."""
        return self._cursor

    @property
    def sorted_by(self) -> str:
        """Title of the column that rows are sorted by; empty when they come as they were given."""
        return self._columns[self._sort[0]].title if self._sort else ""

    def say(self, empty: str) -> None:
        """What an empty table says."""
        self._empty = empty
        self.refresh()

    def show(self, items: Sequence[Item]) -> None:
        """Replace the rows; the cursor and the row under the eye stay where they were."""
        before = self.item
        line = self._cursor - self.scroll_offset.y
        self._given = items
        self._items = self._in_order(items)
        self._cursor = 0 if self.follow else self._find(before)
        self.virtual_size = Size(self.size.width, len(self._items) + 1)
        self.scroll_to(y=max(0, self._cursor - line), animate=False)
        self.refresh()
        if self.item is not before:
            self.post_message(Highlighted(self, self.item))

    def _in_order(self, items: Sequence[Item]) -> list[Item]:
        if self._sort is None:
            return list(items)
        number, down = self._sort
        order = self._columns[number].order
        assert order is not None
        return sorted(items, key=order, reverse=down)

    def _find(self, wanted: Item | None) -> int:
        """Where a row is now; the nearest place when it is gone."""
        if wanted is not None:
            name = self._key(wanted)
            for number, item in enumerate(self._items):
                if self._key(item) == name:
                    return number
        return max(0, min(self._cursor, len(self._items) - 1))

    def select(self, name: Any) -> bool:
        """Put the cursor on the row with this key; whether there is one."""
        for number, item in enumerate(self._items):
            if self._key(item) == name:
                self.go(number)
                return True
        return False

    def sort(self, number: int | None) -> None:
        """Sort by a column, the other way round when it is that already; None: as the rows were given."""
        if number is not None and self._columns[number].order is None:
            return
        down = self._sort is not None and self._sort[0] == number and not self._sort[1]
        self._sort = None if number is None else (number, down)
        self.show(self._given)

    def sort_next(self) -> str:
        """Sort by the next column that can be; after the last one, not at all. Returns its title."""
        able = [number for number, column in enumerate(self._columns) if column.order]
        known = able.index(self._sort[0]) + 1 if self._sort else 0
        self._sort = None
        self.sort(able[known] if known < len(able) else None)
        return self.sorted_by

    # moving

    def go(self, number: int) -> None:
        """Put the cursor on a row and bring it into sight."""
        before = self._cursor
        self._cursor = max(0, min(number, len(self._items) - 1))
        self.scroll_to_region(Region(0, self._cursor + 1, 1, 1), animate=False, x_axis=False)
        top, height = self.scroll_offset.y, max(1, self.size.height - 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False)
        self.refresh()
        if self._cursor != before:
            self.post_message(Highlighted(self, self.item))
        self._look_ahead()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for more rows in time."""
        super().watch_scroll_y(old_value, new_value)
        self._look_ahead()

    def _look_ahead(self) -> None:
        seen = max(self._cursor, self.scroll_offset.y + self.size.height)
        if self._items and seen + AHEAD >= len(self._items):
            self.post_message(NearEnd(self))

    def action_move(self, by: int) -> None:
        """One row up or down."""
        self.go(self._cursor + by)

    def action_leap(self, pages: float) -> None:
        """Pages up or down."""
        self.go(self._cursor + int(pages * max(1, self.size.height - 2)))

    def action_first(self) -> None:
        """The first row."""
        self.go(0)

    def action_last(self) -> None:
        """The last row that is loaded."""
        self.go(len(self._items) - 1)

    def action_choose(self) -> None:
        """Open the row."""
        if self.item is not None:
            self.post_message(Chosen(self, self.item))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a second one opens; one on the heading sorts."""
        place = event.get_content_offset(self)
        if place is None:
            return
        if place.y == 0:
            self.sort(self._column_at(place.x))
        elif (number := self.scroll_offset.y + place.y - 1) < len(self._items):
            self.go(number)
            if event.chain > 1:
                self.action_choose()

    def _column_at(self, x: int) -> int | None:
        edge = 0
        for number, width in self._widths():
            edge += width + GAP
            if x < edge:
                return number
        return None

    # drawing

    def on_resize(self) -> None:
        """Fit the rows."""
        self.virtual_size = Size(self.size.width, len(self._items) + 1)
        self._look_ahead()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor as one that takes the keys, or as one that doesn't."""
        super().watch_has_focus(has_focus)
        self.refresh()

    def _widths(self) -> list[tuple[int, int]]:
        """The columns that are there at this width, each with its cells."""
        total = self.size.width
        there = [(number, one) for number, one in enumerate(self._columns) if total >= one.since]
        left = total - sum(one.width for _, one in there) - GAP * (len(there) - 1)
        shares = sum(one.share for _, one in there if not one.width) or 1
        return [(number, one.width or max(4, left * one.share // shares)) for number, one in there]

    def render_line(self, y: int) -> Strip:
        """The heading, a row, or nothing."""
        width = self.size.width
        if y == 0:
            return self._line([Cell(self._title(number)) for number, _ in self._widths()], self._style("rows--head"))
        number = self.scroll_offset.y + y - 1
        if number >= len(self._items):
            text = self._empty if number == 0 else ""
            return self.line_of([Cell(text, "faint")], width, self.rich_style)
        cells = [self._columns[one].cell(self._items[number]) for one, _ in self._widths()]
        if number != self._cursor:
            return self._line(cells, self.rich_style)
        return self._line(
            cells, self._style("rows--cursor" if self.has_focus else "rows--faded"), chosen=self.has_focus
        )

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name)

    def _line(self, cells: Sequence[Cell], base: Style, *, chosen: bool = False) -> Strip:
        gap = Cell(" " * GAP)
        widths = [width for _, width in self._widths()]
        fitted = [
            Cell(set_cell_size(drawn(cell.text), width), cell.kind) for cell, width in zip(cells, widths, strict=True)
        ]
        spaced = [part for cell in fitted for part in (cell, gap)]
        return self.line_of(spaced, self.size.width, base, coloured=not chosen)

    def _title(self, number: int) -> str:
        mark = ("▼" if self._sort[1] else "▲") if self._sort and self._sort[0] == number else ""
        return self._columns[number].title + mark
