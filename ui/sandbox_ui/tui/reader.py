"""Shows long text: wrapped to the width, scrolled by keys and mouse, a megabyte without a pause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from sandbox_ui.tui.painted import Cell, Painted, drawn

Line = Sequence[Cell]


class Reader(Painted, can_focus=True, inherit_bindings=False):
    """Lines of cells, wrapped."""

    DEFAULT_CSS = """
    Reader { height: 1fr; overflow-x: hidden; background: $background; scrollbar-size-vertical: 1; }
    Reader:focus { background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup,ctrl+b", "page_up", "A page up", show=False),
        Binding("pagedown,ctrl+f,space", "page_down", "A page down", show=False),
        Binding("ctrl+u", "half(-1)", "Half a page up", show=False),
        Binding("ctrl+d", "half(1)", "Half a page down", show=False),
        Binding("home,g", "scroll_home", "Beginning", show=False),
        Binding("end,G", "scroll_end", "End", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._wrapped: list[Line] = []
        self._width = 0

    @property
    def plain(self) -> str:
        """What it shows, without colours and wrapping."""
        return "\n".join("".join(cell.text for cell in line) for line in self._lines)

    def show(self, lines: Sequence[Line], *, stay: bool = False) -> None:
        """Replace the text; begins at its top unless it is to `stay` where it is."""
        self._lines = lines
        self._wrap()
        if not stay:
            self.scroll_to(y=0, animate=False)

    def on_resize(self) -> None:
        """Wrap anew when the width is another."""
        if self.size.width != self._width:
            self._wrap()

    def _wrap(self) -> None:
        self._width = self.size.width
        self._wrapped = [part for line in self._lines for part in wrap(line, max(4, self._width - 1))]
        self.virtual_size = Size(self._width, len(self._wrapped))
        self.refresh()

    def action_half(self, direction: int) -> None:
        """Half a page up or down."""
        self.scroll_relative(y=direction * max(1, self.size.height // 2), animate=False)

    def render_line(self, y: int) -> Strip:
        """One line."""
        number = self.scroll_offset.y + y
        line = self._wrapped[number] if number < len(self._wrapped) else ()
        return self.line_of(line, self.size.width, self.rich_style)


def wrap(line: Line, width: int) -> Iterator[Line]:
    """A line in parts of at most `width` columns, cut after spaces where there are any."""
    part: list[Cell] = []
    room = width
    for cell in line:
        text, place = cell.text.expandtabs(8), 0
        while place < len(text):
            ahead = text[place : place + 2 * width]  # no more than that fits: the rest need not be looked at
            cut = _fitting(ahead, room, fresh=not part)
            if cut:
                part.append(Cell(ahead[:cut], cell.kind))
                room -= cell_len(drawn(ahead[:cut]))
                place += cut
            if place < len(text):
                yield part
                part, room = [], width
    yield part


def _fitting(text: str, room: int, *, fresh: bool) -> int:
    """Characters that fit: all of them, else up to the last space, else (on a fresh line) as many as there is room."""
    most = min(len(text), room) if text.isascii() and text.isprintable() else _most(text, room)
    if most == len(text):
        return most
    space = text.rfind(" ", 0, most + 1)
    if space > most // 2:
        return min(space + 1, most)
    return max(1, most) if fresh else most


def _most(text: str, room: int) -> int:
    """The same for text whose characters are not all one column wide; those of none count as one."""
    used = 0
    for number, character in enumerate(text):
        used += max(1, cell_len(character))
        if used > room:
            return number
    return len(text)
