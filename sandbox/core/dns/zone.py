"""One zone as it answers: which records stand at a name, and what it means when none do (RFC 1034 section 4.3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.name

from sandbox.core.dns.records import Record, minimum, parse_name, spelled

ANY = "ANY"


class Match(StrEnum):
    """What a zone has at a name."""

    RECORDS = "records"
    ALIAS = "alias"
    """A CNAME, and the question was not about it."""
    REFERRAL = "referral"
    """Name servers of a part of the zone that is delegated away."""
    NO_DATA = "no-data"
    NO_NAME = "no-name"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The answer of one zone to one question, no CNAME followed."""

    match: Match
    records: tuple[Record, ...] = ()


class Zone:
    """The records of a zone, by name and type."""

    def __init__(self, name: str, records: Iterable[Record]) -> None:
        self.name = name
        self.records = tuple(records)
        self.origin = parse_name(name)
        self._nodes: dict[str, dict[str, list[Record]]] = {}
        self._ancestors: set[str] = set()
        for record in self.records:
            self._enter(record)

    def _enter(self, record: Record) -> None:
        if record.domain not in self._nodes:
            self._nodes[record.domain] = {}
            self._ancestors.update(map(spelled, self._path(parse_name(record.domain))))
        self._nodes[record.domain].setdefault(record.rtype, []).append(record)

    def _path(self, name: dns.name.Name) -> list[dns.name.Name]:
        """The names from `name` up to the zone's own, both included."""
        depth = len(name.labels) - len(self.origin.labels)
        return [dns.name.Name(name.labels[level:]) for level in range(depth + 1)]

    @property
    def soa(self) -> Record | None:
        """The start of authority."""
        return next(iter(self._nodes.get(self.name, {}).get("SOA", ())), None)

    @property
    def negative_ttl(self) -> int:
        """Seconds for which a negative answer may be kept (RFC 2308 section 5)."""
        if self.soa is None:
            return 0
        return min(self.soa.ttl, minimum(self.soa))

    def look(self, name: dns.name.Name, rtype: str) -> Found:
        """What stands at `name`, which must lie in the zone; `rtype` may be ANY."""
        path = self._path(name)
        for above in reversed(path[:-1]):
            node = self._nodes.get(spelled(above), {})
            if "NS" in node and not (above == name and rtype == "DS"):
                return Found(match=Match.REFERRAL, records=tuple(node["NS"]))
        if spelled(name) in self._ancestors or name == self.origin:
            return _pick(self._nodes.get(spelled(name), {}), rtype)
        return self._wildcard(path, rtype)

    def _wildcard(self, path: Sequence[dns.name.Name], rtype: str) -> Found:
        """Records of the asterisk below the closest encloser (RFC 4592 section 3.3.1), as those of the name."""
        closest = next((above for above in path[1:] if spelled(above) in self._ancestors), self.origin)
        node = self._nodes.get(spelled(dns.name.Name((b"*", *closest.labels))))
        return Found(match=Match.NO_NAME) if node is None else _pick(node, rtype)


def _pick(node: Mapping[str, Sequence[Record]], rtype: str) -> Found:
    """The set of a type at a node; of all of them the first for ANY (RFC 8482 section 4.1)."""
    if rtype == ANY and node:
        rtype = min(node)
    if rtype in node:
        return Found(match=Match.RECORDS, records=tuple(node[rtype]))
    if "CNAME" in node:
        return Found(match=Match.ALIAS, records=tuple(node["CNAME"]))
    return Found(match=Match.NO_DATA)
