"""The account's time between two looks at it: what was read, and what has passed since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sandbox_ui.tui import words
from sandbox_ui.tui.messages import Item


class AccountClock:
    """Runs on from the last time that was read; `passing` counts real seconds."""

    def __init__(self, passing: Callable[[], float]) -> None:
        self._passing = passing
        self._read: tuple[datetime, float] | None = None
        self.offset = 0.0
        """Seconds from real time."""

    @property
    def known(self) -> bool:
        """Whether it was ever read."""
        return self._read is not None

    def read(self, clock: Item) -> None:
        """Take the API's answer."""
        self._read = (words.moment(str(clock["now"])), self._passing())
        self.offset = float(clock["offset"]) if clock["moved"] else 0.0

    def now(self) -> datetime:
        """The account's present time in UTC."""
        if self._read is None:
            return datetime.fromtimestamp(0, UTC)
        moment, then = self._read
        try:
            return moment + timedelta(seconds=self._passing() - then)
        except OverflowError:
            return moment

    def moved(self) -> str:
        """How far from real time, in words; empty when not at all."""
        return f"{'+' if self.offset > 0 else '-'}{words.span(self.offset)}" if self.offset else ""
