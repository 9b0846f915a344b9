"""The records of a zone in the DNS service: all of them, those at a domain, or one set; read, patched and replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sandbox.core.dns.changes import Change, ConditionError, Records, change, patch, replaced
from sandbox.core.dns.changes import Operation as Wish
from sandbox.core.dns.records import Record, RecordError, domain_name, make, type_name
from sandbox.core.dns.zones import records_of
from sandbox.core.errors import NotFoundError, Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci import compartments, fields, listing
from sandbox.providers.oci.dns_zones import INVALID, not_modified, require_zone, with_match
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

_BY_DOMAIN: listing.Sorts[Record] = {
    "DOMAIN": (lambda record: (f"{record.domain} {record.rtype}", record.hash), "ASC"),
    "RTYPE": (lambda record: (f"{record.rtype} {record.domain}", record.hash), "ASC"),
    "TTL": (lambda record: (record.ttl, record.hash), "ASC"),
}
_BY_TYPE: listing.Sorts[Record] = {name: _BY_DOMAIN[name] for name in ("RTYPE", "TTL")}
_BY_HASH: listing.Sorts[Record] = {"RECORDHASH": (lambda record: (record.hash, ""), "ASC")}


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Which records of a zone an operation is about; None stands for any."""

    domain: str | None
    rtype: str | None

    def holds(self, record: Record) -> bool:
        """Whether a record is among them."""
        return self.domain in (None, record.domain) and self.rtype in (None, record.rtype)

    @property
    def sorts(self) -> listing.Sorts[Record]:
        """The orders in which they may be listed; the first is the service's own."""
        return _BY_HASH if self.rtype else _BY_TYPE if self.domain else _BY_DOMAIN


async def get(exchange: Exchange) -> Response:
    """The records that fit every filter."""
    zone = await require_zone(exchange)
    extent = _extent(exchange, zone)
    if exchange.query.get("zoneVersion") not in (None, "", str(zone.data["version"])):
        raise Refusal(compartments.HIDDEN)
    return not_modified(exchange, zone) or _answer(exchange, zone, extent)


async def patch_(exchange: Exchange) -> Response:
    """Add and remove records, all as asked or nothing."""
    zone = await require_zone(exchange)
    extent = _extent(exchange, zone)
    items = fields.list_of(fields.json_object(exchange, ("items",)), "items")
    changes = [_change(extent, number, item) for number, item in enumerate(items)]
    return await _edit(exchange, zone, extent, lambda records: patch(zone.key, records, changes))


async def update(exchange: Exchange) -> Response:
    """Put the records of the request in the place of those that are there."""
    zone = await require_zone(exchange)
    extent = _extent(exchange, zone)
    items = fields.list_of(fields.json_object(exchange, ("items",)), "items")
    return await _replace(exchange, zone, extent, [_record(extent, number, item) for number, item in enumerate(items)])


async def delete(exchange: Exchange) -> Response:
    """Remove every record at a domain, or a set of them; that there are none is no error."""
    zone = await require_zone(exchange)
    await _replace(exchange, zone, _extent(exchange, zone), [])
    return answer(None, 204)


async def _replace(exchange: Exchange, zone: Resource, extent: Extent, fresh: list[Record]) -> Response:
    def work(records: Records) -> Records:
        return replaced(zone.key, records, fresh, domain=extent.domain, rtype=extent.rtype)

    return await _edit(exchange, zone, extent, work)


async def _edit(exchange: Exchange, zone: Resource, extent: Extent, work: Any) -> Response:
    """Change the records; what the zone can't have is a wrong parameter."""
    try:
        changed = await exchange.services.dns.zones.edit(exchange.account, zone, work, with_match(exchange))
    except NotFoundError as error:
        raise Refusal(compartments.HIDDEN) from error
    except ConditionError as error:
        raise Refusal(INVALID, parameter=f"items[{error.position}].operation") from error
    except RecordError as error:
        raise Refusal(INVALID, parameter=f"items.{error.field}" if error.field != "items" else "items") from error
    return _answer(exchange, changed, extent)


def _extent(exchange: Exchange, zone: Resource) -> Extent:
    """What the path names; the domain must lie in the zone."""
    given = exchange.parameters
    try:
        domain = domain_name(given["domain"]) if "domain" in given else None
        rtype = type_name(given["rtype"]) if "rtype" in given else None
    except RecordError as error:
        raise Refusal(INVALID, parameter=error.field) from error
    if domain is not None and domain != zone.key and not domain.endswith(f".{zone.key}"):
        raise Refusal(INVALID, parameter="domain")
    return Extent(domain=domain, rtype=rtype)


def _answer(exchange: Exchange, zone: Resource, extent: Extent) -> Response:
    """A page of the records, with the entity tag of their zone."""
    domain, part, rtype = (exchange.query.get(name, "").lower() for name in ("domain", "domainContains", "rtype"))
    found = [
        record
        for record in records_of(zone)
        if extent.holds(record)
        and domain.rstrip(".") in ("", record.domain)
        and part in record.domain
        and rtype in ("", record.rtype.lower())
    ]
    response = listing.page(exchange, found, _shape, total=True, sorts=extent.sorts, wrapped=True)
    response.headers["etag"] = compartments.etag(zone.id, zone.data)
    return response


def _shape(record: Record) -> dict[str, Any]:
    return {
        "domain": record.domain,
        "recordHash": record.hash,
        "isProtected": record.protected,
        "rdata": record.rdata,
        "rrsetVersion": str(record.version),
        "rtype": record.rtype,
        "ttl": record.ttl,
    }


def _change(extent: Extent, number: int, item: Any) -> Change:
    """An item of a patch; without an operation it adds."""
    row = _item(number, item)
    word = _text(number, row, "operation")
    if word not in (None, *Wish):
        raise Refusal(INVALID, parameter=f"items[{number}].operation")
    domain = _text(number, row, "domain") or extent.domain
    if not domain:
        raise Refusal("https.400.missing-parameter", parameter=f"items[{number}].domain")
    try:
        wish = change(
            Wish(word or "ADD"),
            domain,
            rtype=_text(number, row, "rtype") or extent.rtype,
            rdata=_text(number, row, "rdata"),
            ttl=_ttl(number, row),
            record_hash=_text(number, row, "recordHash"),
        )
    except RecordError as error:
        raise Refusal(INVALID, parameter=f"items[{number}].{error.field}") from error
    if extent.domain not in (None, wish.domain):
        raise Refusal(INVALID, parameter=f"items[{number}].domain")
    if extent.rtype not in (None, wish.rtype):
        raise Refusal(INVALID, parameter=f"items[{number}].rtype")
    return wish


def _record(extent: Extent, number: int, item: Any) -> Record:
    """An item of a replacement: a whole record."""
    row = _item(number, item)
    domain = _text(number, row, "domain") or extent.domain
    rtype = _text(number, row, "rtype") or extent.rtype
    rdata, ttl = _text(number, row, "rdata"), _ttl(number, row)
    for name, value in {"domain": domain, "rtype": rtype, "rdata": rdata, "ttl": ttl}.items():
        if value is None:
            raise Refusal("https.400.missing-parameter", parameter=f"items[{number}].{name}")
    assert domain is not None
    assert rtype is not None
    assert rdata is not None
    assert ttl is not None
    try:
        return make(domain, rtype, ttl, rdata)
    except RecordError as error:
        raise Refusal(INVALID, parameter=f"items[{number}].{error.field}") from error


def _item(number: int, item: Any) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise Refusal(INVALID, parameter=f"items[{number}]")
    return item


def _text(number: int, row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal(INVALID, parameter=f"items[{number}].{name}")
    return value


def _ttl(number: int, row: Mapping[str, Any]) -> int | None:
    value = row.get("ttl")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise Refusal(INVALID, parameter=f"items[{number}].ttl")
    return value


_ZONE = "/zones/{zoneNameOrId}/records"
_PLACES = (("ZoneRecords", _ZONE), ("DomainRecords", _ZONE + "/{domain}"), ("RRSet", _ZONE + "/{domain}/{rtype}"))
_VERBS = (("get", "GET", get), ("patch", "PATCH", patch_), ("update", "PUT", update), ("delete", "DELETE", delete))

OPERATIONS = tuple(
    Operation(name=f"{verb}{what}", method=method, path=path, call=call)
    for what, path in _PLACES
    for verb, method, call in _VERBS
    if (verb, what) != ("delete", "ZoneRecords")
)
"""Three places, four verbs; the records of a whole zone go only with it."""
