"""How much an account may send: rolling windows of a minute and of a day, counted on the account's clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.core.errors import Condition, Refusal

MINUTE = 60
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a provider allows; None means no limit."""

    per_minute: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Units accepted in the last minute and the last 24 hours."""

    minute: int
    day: int


class Ledger:
    """Units accepted per second of the last day, for one account and provider."""

    def __init__(self, buckets: Iterable[tuple[int, int]] = ()) -> None:
        self._buckets: deque[tuple[int, int]] = deque(buckets)
        self._day = sum(units for _, units in self._buckets)

    def used(self, now: float) -> Usage:
        """What counts at the moment `now`."""
        while self._buckets and self._buckets[0][0] <= now - DAY:
            self._day -= self._buckets.popleft()[1]
        if self._buckets and self._buckets[-1][0] > now:  # the clock was set back: leave the future out
            past = [(second, units) for second, units in self._buckets if second <= now]
        else:
            past = None
        day = self._day if past is None else sum(units for _, units in past)
        minute = 0
        for second, units in reversed(self._buckets if past is None else past):
            if second <= now - MINUTE:
                break
            minute += units
        return Usage(minute=minute, day=day)

    def check(self, now: float, units: int, limits: Limits) -> None:
        """Raise `Refusal` when `units` more would exceed a window."""
        if limits.per_minute is None and limits.per_day is None:
            return
        used = self.used(now)
        if limits.per_minute is not None and used.minute + units > limits.per_minute:
            raise Refusal(Condition.OVER_MINUTE_LIMIT, limit=limits.per_minute)
        if limits.per_day is not None and used.day + units > limits.per_day:
            raise Refusal(Condition.OVER_DAY_LIMIT, limit=limits.per_day)

    def add(self, now: float, units: int) -> None:
        """Count `units` (negative to give back what was reserved for a message that the store then refused)."""
        second = int(now)
        if self._buckets and self._buckets[-1][0] == second:
            self._buckets[-1] = (second, self._buckets[-1][1] + units)
        elif self._buckets and self._buckets[-1][0] > second:
            self._buckets = deque(sorted([*self._buckets, (second, units)]))
        else:
            self._buckets.append((second, units))
        self._day += units
