"""When delivery tries again, as data: pure functions of what happened, so that the schedule reads as a table."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60.0
HOUR = 3600.0
DAY = 86_400.0
SHORTEST = 1.0
"""The shortest pause between attempts: time must move on, or a deferral would never end."""


@dataclass(frozen=True, kw_only=True)
class RetrySchedule:
    """How long a message is kept trying; seconds."""

    delays: tuple[float, ...] = (5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR)
    """After the first attempt, the second, …; the last one repeats."""
    lifetime: float = 3 * DAY
    """After this age no further attempt is made: the message bounces."""
    warn_after: float = 4 * HOUR
    """The age at which the sender is told once that the message is delayed (RFC 3464: action `delayed`)."""

    def next_attempt(self, accepted: float, now: float, attempts: int, wished: float | None = None) -> float | None:
        """The moment after a temporary failure at `now`, the `attempts`-th in all; None to give up.

        `wished` is a delay in seconds that a rule asks for instead of the schedule's.
        """
        delay = self.delays[min(attempts, len(self.delays)) - 1] if wished is None else wished
        moment = now + max(delay, SHORTEST)
        return moment if moment <= accepted + self.lifetime else None

    def warns(self, accepted: float, previous: float | None, now: float) -> bool:
        """Whether the failure at `now` is the first after the warning age; `previous` is the attempt before it."""
        due = accepted + self.warn_after
        return now >= due and (previous is None or previous < due)
