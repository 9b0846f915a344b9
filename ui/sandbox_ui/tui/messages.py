"""Everything that the parts of the inspector tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.message import Message
from textual.widget import Widget

Item = Mapping[str, Any]
"""A row as the inspection API has it."""


@dataclass
class Arrived(Message):
    """Events wait to be taken; however many came since, one of these is enough."""

    def can_replace(self, message: Message) -> bool:
        """Make a burst of thousands one message."""
        return isinstance(message, Arrived)


@dataclass
class Here(Message):
    """The sandbox answers: the stream of its events is open."""


@dataclass
class Away(Message):
    """The sandbox does not answer."""

    reason: str
    again: float
    """Seconds until the next attempt."""

    def can_replace(self, message: Message) -> bool:
        """Show the latest state only."""
        return isinstance(message, Away)


@dataclass
class _OfRows(Message):
    rows: Widget

    @property
    def control(self) -> Widget:
        """The table that tells it."""
        return self.rows


@dataclass
class Highlighted(_OfRows):
    """The cursor came to another row; None: the table is empty now."""

    item: Item | None

    def can_replace(self, message: Message) -> bool:
        """Show the row where the cursor rests, not each that it passes."""
        return isinstance(message, Highlighted) and message.rows is self.rows


@dataclass
class Chosen(_OfRows):
    """A row was opened, with Enter or a double click."""

    item: Item


@dataclass
class NearEnd(_OfRows):
    """The last rows that are loaded come into sight."""

    def can_replace(self, message: Message) -> bool:
        """Ask once."""
        return isinstance(message, NearEnd) and message.rows is self.rows


@dataclass
class ShowMessage(Message):
    """Show this message in the inbox."""

    id: str


@dataclass
class ShowAttempt(Message):
    """Show this conversation among the attempts."""

    id: str


@dataclass
class ShowError(Message):
    """Show this row of the error catalog."""

    id: str


@dataclass
class Changed(Message):
    """Something was done that the status line counts."""

    def can_replace(self, message: Message) -> bool:
        """Look again once."""
        return isinstance(message, Changed)
