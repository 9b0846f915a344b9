"""The search bar: the API's grammar with completion, and its error where it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

GRAMMAR: Mapping[str, Sequence[str]] = {
    "from": (),
    "to": (),
    "rcpt": (),
    "envfrom": (),
    "subject": (),
    "body": (),
    "provider": (),
    "channel": ("smtp", "https"),
    "outcome": (
        "delivered",
        "deferred",
        "hard_bounced",
        "soft_bounced",
        "suppressed",
        "rejected",
        "queued",
        "blackholed",
    ),
    "user": (),
    "tag": (),
    "is": ("unread", "read", "tagged"),
    "has": ("attachment",),
    "before": (),
    "after": (),
    "larger": (),
    "smaller": (),
    "message-id": (),
    "id": (),
    "session": (),
}
"""Field → the values that it takes, where those are few."""
LONGEST = 1000
"""Characters that the API reads."""
_LAST = re.compile(r"(?:^|[\s(])-?([a-z-]*)(:?)([a-z_]*)$")


class GrammarSuggester(Suggester):
    """Completes the name of a field, then its value."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line with its last word completed."""
        return complete(value)


def complete(line: str) -> str | None:
    """The line with its last word completed as a field or the value of one; None when nothing fits."""
    match = _LAST.search(line)
    if match is None:
        return None
    name, colon, value = match.groups()
    if colon:
        return _first(line, value, GRAMMAR.get(name, ()))
    return _first(line, name, [f"{field}:" for field in GRAMMAR]) if name else None


def _first(line: str, begun: str, words: Sequence[str]) -> str | None:
    found = next((word for word in words if word.startswith(begun) and word != begun), None)
    return None if found is None else line + found[len(begun) :]


class SearchBar(Input):
    """One line; Tab takes the completion, Enter and Escape go back to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", priority=True),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(
            placeholder="search: from: to: subject: outcome: is:unread after:1h …",
            suggester=GrammarSuggester(),
            max_length=LONGEST,
            compact=True,
            id=id,
        )

    def action_complete(self) -> None:
        """Take the completion; without one, go to what comes next."""
        before = self.value
        if self.cursor_at_end:
            self.action_cursor_right()
        if self.value == before:
            self.screen.focus_next()
