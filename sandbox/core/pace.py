"""How long work that nobody waits for rests while clients are served."""

from __future__ import annotations

REST = 3.0
"""It rests so many times as long as it worked: accepting goes first."""
PATIENCE = 12
"""After so many rounds in a row that left something to do it rests half as long, and so on: it must keep up."""


class Pace:
    """The pace of one such work."""

    def __init__(self) -> None:
        self._behind = 0

    def rest(self, worked: float, *, behind: bool) -> float:
        """Seconds to rest after a round that took `worked` seconds, `behind` when it left something to do."""
        self._behind = self._behind + 1 if behind else 0
        return worked * REST * PATIENCE / (PATIENCE + self._behind)
