"""The line on top: which sandbox, how much mail, what time, whether it is there, and what it warns of."""

from __future__ import annotations

from sandbox_ui.tui.messages import Item
from sandbox_ui.tui.painted import Cell, Lines


class StatusLine(Lines):
    """One line, and one for each warning."""

    DEFAULT_CSS = "StatusLine { background: $panel; padding: 0 1; }"

    def __init__(self, address: str) -> None:
        super().__init__(id="status")
        self._address = address
        self._connected = [Cell("○ connecting", "faint")]
        self._counts: list[Cell] = []
        self._warnings: list[list[Cell]] = []

    def on_mount(self) -> None:
        """Begin."""
        self._draw()

    def here(self) -> None:
        """It answers."""
        self._connected = [Cell("● live", "good")]
        self._draw()

    def away(self, reason: str, again: float) -> None:
        """It doesn't."""
        self._connected = [Cell(f"✗ away, tries again in {again:g} s", "bad"), Cell(f"  {reason}", "faint")]
        self._draw()

    def show_status(self, status: Item, moved: str) -> None:
        """How much there is."""
        counts = status["counts"]
        self._counts = [
            Cell(f"  {counts['messages']} messages, {counts['unread']} unread", "strong"),
            Cell(f"  {counts['refused']} refused", "bad" if counts["refused"] else "faint"),
            Cell(f"  clock {moved}" if moved else "", "warn"),
            Cell(f"  {self._address}", "faint"),
            Cell(f"  {', '.join(one['name'] for one in status['providers'])}", "faint"),
            Cell("  permissive" if status["permissive"] else "", "warn"),
            *(Cell(f"  ! {warning}", "bad") for warning in status.get("warnings", ())),
        ]
        self._warnings = [[Cell(f"⚠ {warning}", "warn")] for warning in status["warnings"]]
        self._draw()

    def _draw(self) -> None:
        self.show([*self._connected, *(self._counts or [Cell(f"  {self._address}")])], *self._warnings)
