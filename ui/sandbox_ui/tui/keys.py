"""What `?` shows: every key that does something here, where the keys are taken now first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from sandbox_ui.tui.asking import Asking
from sandbox_ui.tui.painted import Cell
from sandbox_ui.tui.reader import Line, Reader

_NAMES: Mapping[str, str] = {"slash": "/", "question_mark": "?", "delete": "del", "escape": "esc"}


class Keys(Asking):
    """A list of keys; Escape closes it."""

    DEFAULT_CSS = """
    Keys > Vertical { height: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,q", "dismiss(None)", "Close", show=False)]

    def __init__(self, lines: list[Line]) -> None:
        super().__init__("Keys")
        self._lines = lines

    def asking(self) -> ComposeResult:
        """The list."""
        yield Reader(id="keys")

    def on_mount(self) -> None:
        """Fill it."""
        reader = self.query_one(Reader)
        reader.show(self._lines)
        self.set_focus(reader)


def keys_of(screen: Screen[object]) -> list[Line]:
    """The keys in force on a screen: one line for each thing that they do."""
    found: dict[tuple[str, str], list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and not binding.system and active.enabled:
            found.setdefault((type(active.node).__name__, binding.description), []).append(_shown(binding.key))
    return [[Cell(f"{', '.join(keys):>18}  ", "accent"), Cell(description)] for (_, description), keys in found.items()]


def _shown(key: str) -> str:
    return _NAMES.get(key, key.replace("ctrl+", "^"))
