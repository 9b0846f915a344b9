"""How much an account may send: a rate and rolling windows of a minute and of a day, on the account's clock."""

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

    per_second: float | None = None
    """Recipients a second that are earned back; one who has any left may send to several at once, and pays after."""
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
        self._debt = 0.0
        self._paid_until = 0.0

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

    def check(self, now: float, units: int, limits: Limits, sends: int = 1) -> None:
        """Raise `Refusal` when `units` more would exceed a window, or the rate leaves none of `sends` recipients."""
        if (
            limits.per_second is not None
            and sends
            and self._owed(now, limits.per_second) >= max(1.0, limits.per_second)
        ):
            raise Refusal(Condition.OVER_RATE, limit=limits.per_second)
        windows = [limit for limit in (limits.per_minute, limits.per_day) if limit is not None]
        if not windows or self._day + units <= min(windows):
            return  # all of the day together are not too many, so that nobody has to look how old they are
        used = self.used(now)
        if limits.per_minute is not None and used.minute + units > limits.per_minute:
            raise Refusal(Condition.OVER_MINUTE_LIMIT, limit=limits.per_minute)
        if limits.per_day is not None and used.day + units > limits.per_day:
            raise Refusal(Condition.OVER_DAY_LIMIT, limit=limits.per_day)

    def _owed(self, now: float, rate: float) -> float:
        """Recipients not earned back yet; a clock that was set back earns nothing and owes nothing."""
        passed = now - self._paid_until
        self._debt = max(0.0, self._debt - passed * rate) if passed >= 0 else 0.0
        self._paid_until = now
        return self._debt

    def add(self, now: float, units: int, sends: int = 0) -> None:
        """Count `units`, and `sends` recipients toward the rate.

        Negative numbers give back what was reserved for a message that the store then refused.
        """
        if not self._debt:
            self._paid_until = now
        self._debt = max(0.0, self._debt + sends)
        if not units:
            return
        second = int(now)
        if self._buckets and self._buckets[-1][0] == second:
            self._buckets[-1] = (second, self._buckets[-1][1] + units)
        elif self._buckets and self._buckets[-1][0] > second:
            self._buckets = deque(sorted([*self._buckets, (second, units)]))
        else:
            self._buckets.append((second, units))
        self._day += units
