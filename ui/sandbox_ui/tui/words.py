"""The viewers' words: outcomes with their signs, times, sizes, addresses, as every panel shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox_ui.tui.painted import Cell

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "delivered": ("✓", "good"),
    "blackholed": ("○", "good"),
    "queued": ("…", "faint"),
    "suppressed": ("⊘", "warn"),
    "deferred": ("↻", "warn"),
    "soft_bounced": ("!", "bad"),
    "hard_bounced": ("✗", "bad"),
    "rejected": ("✗", "bad"),
}
"""Outcome → (sign for those who see no colours, kind of colour)."""
RESULTS: Mapping[str, tuple[str, str]] = {
    "pass": ("✓", "good"),
    "none": ("·", "faint"),
    "neutral": ("·", "faint"),
    "fail": ("✗", "bad"),
    "softfail": ("!", "warn"),
    "temperror": ("!", "warn"),
    "permerror": ("✗", "bad"),
}
"""Result of an authentication check → the same."""


def outcome(name: str, *, word: bool = True) -> Cell:
    """An outcome: its sign, and its word where there is room."""
    sign, kind = OUTCOMES.get(name, ("?", "faint"))
    return Cell(f"{sign} {name.replace('_', ' ')}" if word else sign, kind)


def result(name: str) -> Cell:
    """The result of a check."""
    sign, kind = RESULTS.get(name, ("?", "faint"))
    return Cell(f"{sign} {name}", kind)


def moment(iso: str) -> datetime:
    """The time in UTC; the epoch for what is no time."""
    try:
        return datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def clock_time(iso: str) -> str:
    """The time of day in UTC."""
    return f"{moment(iso):%H:%M:%S}"


def day_time(iso: str) -> str:
    """Date and time in UTC."""
    return f"{moment(iso):%Y-%m-%d %H:%M:%S}"


def size(octets: int) -> str:
    """Octets as people say them."""
    if octets < 1024:
        return f"{octets} B"
    return f"{octets / 1024:.1f} KiB" if octets < 1024**2 else f"{octets / 1024**2:.1f} MiB"


def span(seconds: float) -> str:
    """A length of time in its two largest units: `1d 2h`, `5m`, `0s`."""
    left, found = round(abs(seconds)), []
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            found.append(f"{count}{unit}")
    return " ".join(found[:2]) or "0s"


def recipients(message: Mapping[str, Any]) -> str:
    """The first recipient and how many more there are."""
    to = message["envelope"]["rcpt_to"]
    return (to[0] if to else "") + (f" +{len(to) - 1}" if len(to) > 1 else "")


def author(message: Mapping[str, Any]) -> str:
    """The header From, else the envelope's sender; `<>` for a bounce."""
    return str(message.get("sender") or message["envelope"]["mail_from"] or "<>")
