"""Record sets: listed, and changed in batches that are made whole or not at all."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.core.dns.changes import check
from sandbox.core.dns.records import Record, RecordError, make
from sandbox.core.dns.zones import records_of
from sandbox.core.errors import Refusal
from sandbox.providers.ses.route53.xml import Content, answer, read, text
from sandbox.providers.ses.route53.zones import change_info, needed
from sandbox.wire.http import Exchange

ACTIONS = ("CREATE", "DELETE", "UPSERT")
MOST = 1000
"""Changes of a batch."""


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """One change of a batch."""

    action: str
    records: tuple[Record, ...]

    @property
    def place(self) -> tuple[str, str]:
        """Name and type of the set."""
        return self.records[0].domain, self.records[0].rtype

    @property
    def told(self) -> str:
        """The set as messages name it."""
        domain, rtype = self.place
        return f"name='{domain}.', type='{rtype}'"


async def change(exchange: Exchange) -> Response:
    """ChangeResourceRecordSets."""
    zone = await needed(exchange)
    wishes = [_wish(one) for one in read(exchange.body).findall("ChangeBatch/Changes/Change")]
    if not 0 < len(wishes) <= MOST:
        raise Refusal("api.InvalidChangeBatch.batch", parameter=f"[A batch has 1 to {MOST} changes]")
    try:
        await exchange.services.dns.zones.edit(
            exchange.account, zone, lambda records: _changed(zone.key, records, wishes)
        )
    except RecordError as error:
        raise Refusal("api.InvalidChangeBatch.batch", parameter=f"[{error}]") from error
    return answer("ChangeResourceRecordSetsResponse", {"ChangeInfo": change_info(exchange)})


async def list_all(exchange: Exchange) -> Response:
    """ListResourceRecordSets, in the order of names and types; from a name and type on, if the query names them."""
    sets: dict[tuple[str, str], list[Record]] = {}
    for record in records_of(await needed(exchange)):
        sets.setdefault((record.domain, record.rtype), []).append(record)
    start = (exchange.query.get("name", "").lower().rstrip("."), exchange.query.get("type", ""))
    chosen = sorted(place for place in sets if (place[0].split(".")[::-1], place[1]) >= (_labels(start[0]), start[1]))
    return answer(
        "ListResourceRecordSetsResponse",
        {
            "ResourceRecordSets": {"ResourceRecordSet": [_shown(sets[place]) for place in chosen]},
            "IsTruncated": "false",
            "MaxItems": str(max(300, len(chosen))),
        },
    )


def _labels(name: str) -> list[str]:
    return name.split(".")[::-1] if name else []


def _wish(element: ET.Element) -> _Wish:
    action, found = text(element, "Action"), element.find("ResourceRecordSet")
    if action not in ACTIONS or found is None:
        raise Refusal("api.InvalidInput.missing", parameter="Action")
    name, kind, ttl = text(found, "Name"), text(found, "Type"), text(found, "TTL")
    values = [text(one, "Value") for one in found.findall("ResourceRecords/ResourceRecord")]
    if not values:
        raise Refusal("api.InvalidInput.missing", parameter="ResourceRecords")
    seconds = int(ttl) if ttl.isascii() and ttl.isdecimal() and len(ttl) < 11 else -1
    try:
        records = tuple(make(name, kind, seconds, value) for value in values)
    except RecordError as error:
        raise Refusal("api.InvalidChangeBatch.batch", parameter=f"[{error}]") from error
    return _Wish(action=action, records=records)


def _changed(zone: str, records: Sequence[Record], wishes: Sequence[_Wish]) -> tuple[Record, ...]:
    left = list(records)
    for wish in wishes:
        present = [one for one in left if (one.domain, one.rtype) == wish.place]
        if wish.action == "CREATE" and present:
            told = f"[Tried to create resource record set [{wish.told}] but it already exists]"
            raise Refusal("api.InvalidChangeBatch.batch", parameter=told)
        if wish.action == "DELETE" and {one.rdata for one in present} != {one.rdata for one in wish.records}:
            told = f"[Tried to delete resource record set [{wish.told}] but it was not found]"
            raise Refusal("api.InvalidChangeBatch.batch", parameter=told)
        left = [one for one in left if (one.domain, one.rtype) != wish.place or one.protected]
        left += wish.records if wish.action != "DELETE" else ()
    return check(zone, left)


def _shown(records: Sequence[Record]) -> Content:
    first = records[0]
    return {
        "Name": f"{first.domain}.",
        "Type": first.rtype,
        "TTL": str(first.ttl),
        "ResourceRecords": {"ResourceRecord": [{"Value": record.rdata} for record in records]},
    }
