"""How long work that nobody waits for rests while clients are served."""

from __future__ import annotations

PATIENCE = 12
"""After so many rounds in a row that left something to do it rests half as long, and so on: it must keep up."""


class Restraint:
    """The restraint of one such work."""

    def __init__(self, rest: float) -> None:
        """It rests `rest` times as long as it worked: accepting goes first."""
        self._rest = rest
        self._behind = 0

    def rest(self, worked: float, *, behind: bool) -> float:
        """Seconds to rest after a round that took `worked` seconds, `behind` when it left something to do."""
        self._behind = self._behind + 1 if behind else 0
        return worked * self._rest * PATIENCE / (PATIENCE + self._behind)
