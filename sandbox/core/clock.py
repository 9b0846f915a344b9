"""Domain time: real, or moved by hand. Quotas, retries and expiry read it; socket time-outs don't."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `24h`, `1d12h` or a bare number of seconds; `ValueError` says what is accepted."""
    compact = text.strip().lower().replace(" ", "")
    if re.fullmatch(r"\d+(\.\d+)?", compact):
        return timedelta(seconds=float(compact))
    parts = _DURATION.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f"{text!r} is not a duration; write 90s, 15m, 24h, 7d or 1d12h")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 time, UTC unless it names an offset; `ValueError` says what is accepted."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is not a time; write 2026-01-31T12:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@lru_cache(maxsize=256)
def to_iso(seconds: float) -> str:
    """Unix seconds as ISO 8601 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Clock:
    """A clock that can be moved: real time plus an offset in seconds, or frozen when the source stands still."""

    def __init__(self, source: Callable[[], float] = time.time, offset: float = 0.0) -> None:
        self._source = source
        self.offset = offset

    def now(self) -> float:
        """The present moment in Unix seconds."""
        return self._source() + self.offset

    def real_delay(self, due: float) -> float:
        """How many real seconds pass until the domain moment `due`; never negative."""
        return max(0.0, due - self.now())

    def advance(self, seconds: float) -> None:
        """Move forward; a negative step is refused, since events would go backwards."""
        if seconds < 0:
            raise ValueError("the clock only moves forward; use set or reset to go back")
        self.offset += seconds

    def set(self, moment: float) -> None:
        """Make `moment` (Unix seconds) the present."""
        self.offset = moment - self._source()

    def reset(self) -> None:
        """Return to real time."""
        self.offset = 0.0
