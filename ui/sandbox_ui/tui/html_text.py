"""Renders HTML as text for a terminal: paragraphs, headings, lists, tables in rows, and where links lead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

from sandbox_ui.tui.painted import Cell
from sandbox_ui.tui.reader import Line

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_APART = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre"])
"""Blocks with an empty line before them."""
_HIDDEN = frozenset(["script", "style", "head", "title", "template", "noscript", "object", "iframe", "svg", "math"])
_STRONG = frozenset(["b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"])
DEEPEST = 50
"""Elements inside each other whose style is followed."""


class _Text(HTMLParser):
    """Collects lines of cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[list[Cell]] = [[]]
        self.links: list[str] = []
        self._hidden = 0
        self._strong = 0
        self._pre = 0
        self._depth = 0
        self._targets: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a list's item, a link, a picture."""
        if tag in _HIDDEN:
            self._hidden += 1
        if self._hidden:
            return
        self._strong += tag in _STRONG
        self._pre += tag == "pre"
        self._depth += tag in ("ul", "ol")
        if tag == "br":
            self.lines.append([])
        elif tag in _BLOCKS:
            self._break(apart=tag in _APART)
        self._begin(tag, dict(attrs))

    def _begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "li":
            self._add(Cell("  " * min(max(self._depth - 1, 0), DEEPEST) + "• ", "faint"))
        elif tag == "hr":
            self._add(Cell("─" * 20, "faint"))
            self._break()
        elif tag in ("td", "th") and self.lines[-1]:
            self._add(Cell("  "))
        elif tag == "img":
            self._add(Cell(f"[{attributes.get('alt') or 'picture'}]", "faint"))
        elif tag == "a":
            self._targets.append(self._link(attributes.get("href") or ""))

    def _link(self, target: str) -> int:
        """The number of a link's target; 0 without one."""
        if not target.strip():
            return 0
        if target not in self.links:
            self.links.append(target)
        return self.links.index(target) + 1

    def handle_endtag(self, tag: str) -> None:
        """End a block or a link."""
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if self._hidden:
            return
        self._strong = max(0, self._strong - (tag in _STRONG))
        self._pre = max(0, self._pre - (tag == "pre"))
        self._depth = max(0, self._depth - (tag in ("ul", "ol")))
        if tag == "a" and self._targets and (number := self._targets.pop()):
            self._add(Cell(f"[{number}]", "accent"))
        if tag in _BLOCKS:
            self._break(apart=tag in _APART)

    def handle_data(self, data: str) -> None:
        """Add words."""
        if self._hidden:
            return
        kind = "accent" if self._targets and self._targets[-1] else "strong" if self._strong else ""
        if self._pre:
            first, *rest = data.split("\n")
            self._add(Cell(first, kind))
            for line in rest:
                self.lines.append([Cell(line, kind)])
            return
        words = re.sub(r"[ \t\r\n\f\u00a0]+", " ", data)
        if not self.lines[-1] or self.lines[-1][-1].text.endswith(" "):
            words = words.lstrip(" ")
        if words:
            self._add(Cell(words, kind))

    def _add(self, cell: Cell) -> None:
        self.lines[-1].append(cell)

    def _break(self, *, apart: bool = False) -> None:
        if self.lines[-1]:
            self.lines.append([])
        if apart and len(self.lines) > 1 and self.lines[-2]:
            self.lines.append([])


def html_lines(html: str) -> Sequence[Line]:
    """The page as lines; the targets of its links are listed below, by their numbers."""
    page = _Text()
    page.feed(html)
    page.close()
    found: list[Line] = []
    for line in page.lines:  # one empty line between blocks is enough
        shown = any(cell.text.strip() for cell in line)
        if shown or (found and found[-1]):
            found.append(line if shown else ())
    if page.links:
        found += [(), *([Cell(f"[{number}] ", "accent"), Cell(link)] for number, link in enumerate(page.links, 1))]
    return found
