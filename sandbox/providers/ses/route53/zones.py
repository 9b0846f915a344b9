"""Hosted zones: made, listed, shown, removed."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from sandbox.core.dns.records import RecordError
from sandbox.core.dns.zones import records_of
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses.route53.xml import Content, answer, read, text
from sandbox.wire.http import Exchange

SERVERS = ("ns-1.awsdns-01.com", "ns-2.awsdns-02.net", "ns-3.awsdns-03.org", "ns-4.awsdns-04.co.uk")
MARK = "hostedZone"
"""What tells the zones that were made here from those of other providers."""
PAGE = 100
_LETTERS = string.ascii_uppercase + string.digits


async def create(exchange: Exchange) -> Response:
    """CreateHostedZone; the same caller reference twice is refused, and so is a name that there is."""
    body = read(exchange.body)
    name, reference = text(body, "Name"), text(body, "CallerReference")
    if not name or not reference:
        raise Refusal("api.InvalidInput.missing", parameter="CallerReference" if name else "Name")
    if any(zone.data[MARK]["reference"] == reference for zone in await own(exchange)):
        raise Refusal("api.HostedZoneAlreadyExists.reference", resource=reference[:128])
    more = {MARK: {"reference": reference, "comment": text(body, "HostedZoneConfig/Comment")}}
    zone_id = "Z" + exchange.account.ids.choose(_LETTERS, 20)
    try:
        made = await exchange.services.dns.zones.create(
            exchange.account, name, zone_id=zone_id, servers=SERVERS, more=more
        )
    except RecordError as error:
        raise Refusal("api.InvalidDomainName.name", parameter=str(error)) from error
    except DuplicateKeyError as error:
        raise Refusal("api.ConflictingDomainExists.name", resource=name) from error
    shown = {"HostedZone": _shown(made), "ChangeInfo": change_info(exchange), "DelegationSet": _servers()}
    place = {"Location": f"{exchange.services.endpoints.get('http', '')}/2013-04-01/hostedzone/{made.id}"}
    return answer("CreateHostedZoneResponse", shown, 201, place)


async def get(exchange: Exchange) -> Response:
    """GetHostedZone."""
    zone = await needed(exchange)
    return answer("GetHostedZoneResponse", {"HostedZone": _shown(zone), "DelegationSet": _servers()})


async def list_all(exchange: Exchange) -> Response:
    """ListHostedZones, by name."""
    zones = sorted(await own(exchange), key=lambda zone: zone.key)
    found: dict[str, Any] = {
        "HostedZones": {"HostedZone": [_shown(zone) for zone in zones]},
        "IsTruncated": "false",
        "MaxItems": str(max(PAGE, len(zones))),
    }
    return answer("ListHostedZonesResponse", {**found, "Marker": ""})


async def list_by_name(exchange: Exchange) -> Response:
    """ListHostedZonesByName, from a name on."""
    start = exchange.query.get("dnsname", "").lower().rstrip(".")
    zones = sorted((zone for zone in await own(exchange) if _reversed(zone.key) >= _reversed(start)), key=_by_labels)
    return answer(
        "ListHostedZonesByNameResponse",
        {
            "HostedZones": {"HostedZone": [_shown(zone) for zone in zones]},
            "IsTruncated": "false",
            "MaxItems": str(max(PAGE, len(zones))),
        },
    )


async def delete(exchange: Exchange) -> Response:
    """DeleteHostedZone: only one that has no records but its own."""
    zone = await needed(exchange)
    if any(not record.protected for record in records_of(zone)):
        raise Refusal("api.HostedZoneNotEmpty.records")
    await exchange.services.dns.zones.remove(zone)
    return answer("DeleteHostedZoneResponse", {"ChangeInfo": change_info(exchange)})


async def get_change(exchange: Exchange) -> Response:
    """GetChange: every change is in force at once."""
    return answer("GetChangeResponse", {"ChangeInfo": change_info(exchange, exchange.parameters["Id"])})


async def own(exchange: Exchange) -> list[Resource]:
    """The account's zones that were made here."""
    return [zone for zone in await exchange.services.dns.zones.all(exchange.account.id) if MARK in zone.data]


async def needed(exchange: Exchange) -> Resource:
    """The zone of the path; refuses one that there is not."""
    wanted = exchange.parameters["Id"]
    found = await exchange.services.dns.zones.find(exchange.account.id, wanted)
    if found is None or found.id != wanted or MARK not in found.data:
        raise Refusal("api.NoSuchHostedZone.zone", resource=wanted)
    return found


def change_info(exchange: Exchange, change: str = "") -> Content:
    """A change, which is in force at once."""
    name = change or "C" + exchange.account.ids.choose(_LETTERS, 20)
    now = datetime.fromtimestamp(exchange.account.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"Id": f"/change/{name}", "Status": "INSYNC", "SubmittedAt": now}


def _shown(zone: Resource) -> Content:
    comment = zone.data[MARK]["comment"]
    return {
        "Id": f"/hostedzone/{zone.id}",
        "Name": f"{zone.key}.",
        "CallerReference": zone.data[MARK]["reference"],
        "Config": {**({"Comment": comment} if comment else {}), "PrivateZone": "false"},
        "ResourceRecordSetCount": str(len({(one.domain, one.rtype) for one in records_of(zone)})),
    }


def _servers() -> Content:
    return {"NameServers": {"NameServer": list(SERVERS)}}


def _reversed(name: str) -> list[str]:
    return name.split(".")[::-1] if name else []


def _by_labels(zone: Resource) -> list[str]:
    return _reversed(zone.key)
