"""The search bar: the API's grammar with completion, and its error where it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

Grammar = Mapping[str, Sequence[str]]
"""Field → the values that it takes, where those are few."""
GRAMMAR: Grammar = {
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
"""What messages are searched with."""
ATTEMPTS: Grammar = {
    "error": (),
    "is": ("refused", "accepted", "forced", "open"),
    "stage": (
        "connect",
        "ehlo",
        "starttls",
        "auth",
        "mail",
        "rcpt",
        "data",
        "body",
        "other",
        "request",
        "control",
    ),
    "said": (),
    "client": (),
    "user": (),
    "provider": (),
    "channel": ("smtp", "https"),
    "message": (),
    "before": (),
    "after": (),
    "id": (),
}
"""What conversations are searched with."""
LONGEST = 1000
"""Characters that the API reads."""
_LAST = re.compile(r"(?:^|[\s(])-?([a-z-]*)(:?)([a-z_]*)$")


class GrammarSuggester(Suggester):
    """Completes the name of a field, then its value."""

    def __init__(self, grammar: Grammar) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._grammar = grammar

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line with its last word completed."""
        return complete(value, self._grammar)


def complete(line: str, grammar: Grammar = GRAMMAR) -> str | None:
    """The line with its last word completed as a field or the value of one; None when nothing fits."""
    match = _LAST.search(line)
    if match is None:
        return None
    name, colon, value = match.groups()
    if colon:
        return _first(line, value, grammar.get(name, ()))
    return _first(line, name, [f"{field}:" for field in grammar]) if name else None


def _first(line: str, begun: str, words: Sequence[str]) -> str | None:
    found = next((word for word in words if word.startswith(begun) and word != begun), None)
    return None if found is None else line + found[len(begun) :]


class SearchBar(Input):
    """One line; Tab takes the completion, Enter and Escape go back to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", priority=True),
    ]

    def __init__(self, grammar: Grammar, hint: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(
            placeholder=f"search: {hint}",
            suggester=GrammarSuggester(grammar),
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
