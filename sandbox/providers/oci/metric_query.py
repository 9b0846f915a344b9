"""Metric queries: `EmailsAccepted[1h]{resourceDomain = "example.com"}.groupBy(resourceId).sum()`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

LENGTH = 4_096
_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_MOST = 86_400
_QUERY = re.compile(
    r"\s*(?P<name>[A-Za-z]\w*)\s*\[\s*(?P<number>\d{1,4})(?P<unit>[mhd])\s*\]\s*"
    r"(?:\{(?P<filters>[^{}]*)\})?\s*(?:\.\s*(?P<group>groupBy|grouping)\s*\((?P<by>[^()]*)\))?\s*"
    r"\.\s*(?P<statistic>\w+)\s*\(\s*\)\s*"
)
_FILTER = re.compile(r"\s*(?P<name>\w+)\s*(?P<sign>=~|!=|!~|=)\s*\"(?P<value>[^\"]*)\"\s*(?:,|&&|$)")


class QueryError(ValueError):
    """A query that can't be understood."""


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "count": len,
    "max": max,
    "min": min,
    "mean": _mean,
    "avg": _mean,
    "last": lambda values: values[-1],
    "first": lambda values: values[0],
}


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query, read."""

    name: str
    interval: int
    """Seconds."""
    filters: Sequence[tuple[str, str, str]]
    """(dimension, sign, value)."""
    by: Sequence[str] | None
    """Dimensions to group by; none for all together, None for each stream by itself."""
    statistic: str

    def fits(self, dimensions: Mapping[str, str]) -> bool:
        """Whether a stream passes the filters."""
        return all(_fits(dimensions.get(name, ""), sign, value) for name, sign, value in self.filters)

    def group(self, dimensions: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The dimensions that a stream keeps."""
        names = sorted(dimensions) if self.by is None else self.by
        return tuple((name, dimensions[name]) for name in names if name in dimensions)

    def value(self, minutes: Mapping[int, int]) -> float:
        """The statistic over what was counted in each minute."""
        return float(STATISTICS[self.statistic](list(minutes.values())))


def _fits(found: str, sign: str, value: str) -> bool:
    equal = any(fnmatchcase(found, one) for one in value.split("|")) if "~" in sign else found == value
    return equal is not sign.startswith("!")


def parse(text: str) -> Query:
    """Read a query; `QueryError` says what can't be understood."""
    match = _QUERY.fullmatch(text) if len(text) <= LENGTH else None
    if match is None or match["statistic"] not in STATISTICS:
        raise QueryError(f"{text[:100]!r} is no metric query")
    interval = int(match["number"]) * _UNITS[match["unit"]]
    if not 0 < interval <= _MOST:
        raise QueryError("the interval is from 1m to 1d")
    by = [name.strip() for name in (match["by"] or "").split(",") if name.strip()] if match["group"] else None
    return Query(
        name=match["name"], interval=interval, filters=_filters(match["filters"] or ""), by=by,
        statistic=match["statistic"],
    )  # fmt: skip


def _filters(text: str) -> list[tuple[str, str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _FILTER.match(text, at)
        if match is None:
            raise QueryError(f"{text[at:][:50]!r} is no filter")
        found.append((match["name"], match["sign"], match["value"]))
        at = match.end()
    return found
