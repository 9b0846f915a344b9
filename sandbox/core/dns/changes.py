"""Changing the records of a zone: operations in the manner of RFC 2136, all of them or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.core.dns.records import Record, RecordError, check_ttl, domain_name, normal, type_name

RECORDS = 25_000
"""Records of one zone."""
SET = 500
"""Records of one type at one name; many more would not fit into the longest answer."""
Records = tuple[Record, ...]


class Operation(StrEnum):
    """What a change wants of the record that it describes."""

    REQUIRE = "REQUIRE"
    """It must be there already."""
    PROHIBIT = "PROHIBIT"
    """It must not be there yet."""
    ADD = "ADD"
    """It will be there."""
    REMOVE = "REMOVE"
    """It will not be there."""


class ConditionError(Exception):
    """A REQUIRE or PROHIBIT that does not hold; `position` counts the changes from 0."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the condition of change {position} does not hold")
        self.position = position


@dataclass(frozen=True, kw_only=True)
class Change:
    """An operation on every record that fits; what is None fits all. The time to live never decides (RFC 2136 §2.5)."""

    operation: Operation = Operation.ADD
    domain: str
    rtype: str | None = None
    rdata: str | None = None
    ttl: int | None = None
    hash: str | None = None

    def fits(self, record: Record) -> bool:
        """Whether the change speaks of this record."""
        return (
            record.domain == self.domain
            and self.rtype in (None, record.rtype)
            and self.rdata in (None, record.rdata)
            and self.hash in (None, record.hash)
        )


def change(
    operation: Operation,
    domain: str,
    *,
    rtype: str | None = None,
    rdata: str | None = None,
    ttl: int | None = None,
    record_hash: str | None = None,
) -> Change:
    """A change in normal form; `RecordError` for parts that no record can have, or data without its type."""
    kind = None if rtype is None else type_name(rtype)
    check_ttl(ttl)
    if rdata is not None and kind is None:
        raise RecordError("rtype", "data is of some type")
    data = None if rdata is None or kind is None else normal(kind, rdata)
    return Change(
        operation=operation, domain=domain_name(domain), rtype=kind, rdata=data, ttl=ttl, hash=record_hash or None
    )


def patch(zone: str, records: Sequence[Record], changes: Iterable[Change]) -> Records:
    """The records after every change, in order; conditions are about the records as they were before.

    Raises `ConditionError`, or `RecordError` for records that the zone can't have.
    """
    wanted, nodes = list(changes), _by_domain(records)
    for position, one in enumerate(wanted):
        present = any(map(one.fits, nodes.get(one.domain, ())))
        if (one.operation is Operation.REQUIRE and not present) or (one.operation is Operation.PROHIBIT and present):
            raise ConditionError(position)
    for one in wanted:
        node = nodes.get(one.domain, [])
        if one.operation is Operation.ADD:
            nodes[one.domain] = _add(node, one)
        elif one.operation is Operation.REMOVE:
            nodes[one.domain] = [record for record in node if record.protected or not one.fits(record)]
    return check(zone, [record for node in nodes.values() for record in node])


def _by_domain(records: Iterable[Record]) -> dict[str, list[Record]]:
    nodes: dict[str, list[Record]] = {}
    for record in records:
        nodes.setdefault(record.domain, []).append(record)
    return nodes


def _add(node: list[Record], wish: Change) -> list[Record]:
    """The records of a name with one more, or with another time to live."""
    if wish.rdata is None or wish.rtype is None:
        return _set_ttl(node, wish)
    mates = [record for record in node if record.rtype == wish.rtype]
    ttl = wish.ttl if wish.ttl is not None else next((record.ttl for record in mates), None)
    if ttl is None:
        raise RecordError("ttl", "a new set of records needs one")
    if all(record.rdata != wish.rdata for record in mates):
        if len(mates) >= SET:
            raise RecordError("items", f"more than {SET} records of a type at one name")
        node = [*node, Record(domain=wish.domain, rtype=wish.rtype, ttl=ttl, rdata=wish.rdata)]
    return _set_ttl(node, replace(wish, rdata=None, ttl=ttl, hash=None))


def _set_ttl(node: list[Record], wish: Change) -> list[Record]:
    """All records of a set live equally long (RFC 2181 section 5.2)."""
    if wish.ttl is None or not any(map(wish.fits, node)):
        raise RecordError("rdata", "there is nothing to add")
    return [replace(record, ttl=wish.ttl) if wish.fits(record) and not record.protected else record for record in node]


def replaced(
    zone: str,
    records: Sequence[Record],
    fresh: Iterable[Record],
    *,
    domain: str | None = None,
    rtype: str | None = None,
) -> Records:
    """The records with those at `domain`, or of `rtype` at it, or all of them, given way to `fresh`.

    Protected records stay. `RecordError` for records outside of what is replaced, or that the zone can't have.
    """
    found = [
        record
        for record in records
        if record.protected or domain not in (None, record.domain) or rtype not in (None, record.rtype)
    ]
    known = set(map(_place, found))
    for record in fresh:
        if domain not in (None, record.domain):
            raise RecordError("domain", f"not {domain}")
        if rtype not in (None, record.rtype):
            raise RecordError("rtype", f"not {rtype}")
        if _place(record) not in known:
            known.add(_place(record))
            found.append(record)
    return check(zone, found)


def _place(record: Record) -> tuple[str, str, str]:
    return (record.domain, record.rtype, record.rdata)


def check(zone: str, records: Sequence[Record]) -> Records:
    """The records, when they can stand together in the zone; `RecordError` says why not."""
    if len(records) > RECORDS:
        raise RecordError("items", f"more than {RECORDS} records")
    types: dict[str, list[str]] = {}
    for record in records:
        if record.domain != zone and not record.domain.endswith(f".{zone}"):
            raise RecordError("domain", f"{record.domain} is not in {zone}")
        if record.rtype == "SOA" and not record.protected:
            raise RecordError("rtype", "a zone has one SOA, which comes with it")
        types.setdefault(record.domain, []).append(record.rtype)
    for domain, present in types.items():
        if max(Counter(present).values()) > SET:
            raise RecordError("items", f"more than {SET} records of a type at {domain}")
        if "CNAME" in present and len(present) > 1:
            raise RecordError("rtype", f"a CNAME stands alone at {domain} (RFC 2181 section 10.1)")
    return tuple(records)
