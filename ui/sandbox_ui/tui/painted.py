"""Draws foreign text: the one exit by which it reaches the screen, inert and without markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sandbox.client.inert import inert

LONGEST = 2000
"""Characters of a piece that are looked at: more never fit on a line."""
KINDS = ("good", "bad", "warn", "faint", "strong", "accent")


@dataclass(frozen=True)
class Cell:
    """A piece of text and what kind it is: one of `KINDS`, or empty for ordinary text."""

    text: str
    kind: str = ""


class Painted(ScrollView):
    """A widget that draws its lines from cells."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"painted--{kind}" for kind in KINDS}
    DEFAULT_CSS = """
    Painted > .painted--good { color: $text-success; }
    Painted > .painted--bad { color: $text-error; }
    Painted > .painted--warn { color: $text-warning; }
    Painted > .painted--faint { color: $foreground 60%; }
    Painted > .painted--strong { text-style: bold; }
    Painted > .painted--accent { color: $text-primary; text-style: bold; }
    """

    def style_of(self, kind: str, base: Style, *, coloured: bool = True) -> Style:
        """The style of a kind of text on `base`; without colour where `base` has one that matters more."""
        if not kind:
            return base
        own = self.get_component_rich_style(f"painted--{kind}", partial=True)
        return base + (own if coloured else Style(bold=own.bold))

    def line_of(self, cells: Iterable[Cell], width: int, base: Style, *, coloured: bool = True) -> Strip:
        """Cells beside each other as one line of exactly `width` columns."""
        pieces = [(drawn(cell.text), self.style_of(cell.kind, base, coloured=coloured)) for cell in cells]
        segments = [Segment(text, style) for text, style in pieces if text]
        length = sum(cell_len(segment.text) for segment in segments)
        return Strip(segments, length).adjust_cell_length(width, base)


class Lines(Painted):
    """A few lines that fit or are cut: a status line, a heading, a hint."""

    DEFAULT_CSS = """
    Lines { height: auto; overflow: hidden; background: transparent; }
    """
    can_focus = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Sequence[Cell]] = ()

    def show(self, *lines: Sequence[Cell]) -> None:
        """Replace what is shown; without lines it takes no room."""
        if self._lines != lines:
            self._lines = lines
            self.styles.height = len(lines)
            self.refresh(layout=True)

    @property
    def plain(self) -> str:
        """What it shows, without colours."""
        return "\n".join("".join(drawn(cell.text) for cell in line) for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """One line."""
        return self.line_of(self._lines[y] if y < len(self._lines) else (), self.size.width, self.rich_style)


def drawn(text: str) -> str:
    """Foreign text as it may reach the screen: one line, inert, not endless."""
    return inert(text[:LONGEST])
