"""The zones of the DNS service: created, read, listed, tagged, moved and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import parse_instant, to_iso
from sandbox.core.dns.records import RecordError, domain_name
from sandbox.core.errors import Condition, NotFoundError, Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import compartments, fields, listing, ocid, regions, retry_tokens, zones
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20180115"
STATES = ("ACTIVE", "CREATING", "DELETED", "DELETING", "FAILED", "UPDATING")
SCOPES = ("GLOBAL", "PRIVATE")
TYPES = ("PRIMARY", "SECONDARY")
INVALID = "https.400.invalid-parameter"
_SORTS: listing.Sorts[Resource] = {
    "NAME": (lambda zone: (zone.key, zone.id), "ASC"),
    "ZONETYPE": (lambda zone: (zone.data["zoneType"], zone.id), "ASC"),
    "TIMECREATED": (lambda zone: (zone.created, zone.id), "DESC"),
}
_WORDS: Mapping[str, Sequence[str]] = {
    "zoneType": TYPES,
    "scope": SCOPES,
    "migrationSource": ("NONE", "DYNECT"),
    "resolutionMode": ("STATIC", "TRANSPARENT", "RTYPE_TRANSPARENT"),
    "dnssecState": ("DISABLED", "ENABLED"),
}
"""Fields of a zone, and what the service takes for them; the sandbox has only the first word of each."""
_FOREIGN = ("viewId", "externalMasters", "externalDownstreams", "dynectMigrationDetails")
"""Fields of zones that the sandbox has not: private, secondary, transferred, migrated ones."""
_FIELDS = ("name", "compartmentId", *_WORDS, *_FOREIGN, *fields.TAG_FIELDS)


async def create(exchange: Exchange) -> Response:
    """A zone with its name servers; it answers questions from that moment on.

    The token of a request that was repeated finds the zone that the first one made.
    """
    body = fields.json_object(exchange, _FIELDS)
    compartment, name = fields.required_text(body, "compartmentId"), fields.required_text(body, "name")
    await compartments.require_compartment(exchange, compartment)
    _check_emulated(body)
    if listing.choice(exchange, "scope", SCOPES) == "PRIVATE":
        raise Refusal(Condition.NOT_EMULATED)
    token = exchange.headers.get("opc-retry-token")
    account, system = exchange.account, exchange.services.dns
    zone_id = ocid.make(account.ids, "dns-zone")
    more = {
        "compartmentId": compartment,
        "zoneType": "PRIMARY",
        "timeCreated": to_iso(account.clock.now()),
        "retryToken": token,
        **fields.tags(body),
    }
    try:
        zone = await system.zones.create(
            account, _zone_name(name), zone_id=zone_id, servers=zones.NAMESERVERS, more=more
        )
    except DuplicateKeyError as error:
        known = await system.zones.find(account.id, name)
        if known is None or token is None or known.data.get("retryToken") != token or _old(exchange, known):
            raise Refusal("https.409.exists", resource=name) from error
        zone = known
    headers = {"etag": compartments.etag(zone.id, zone.data), "location": _uri(exchange, zone)}
    return answer({**_whole(exchange, zone), "lifecycleState": "CREATING"}, 201, headers)


def _old(exchange: Exchange, zone: Resource) -> bool:
    """Whether the token with which a zone was made counts no longer."""
    return exchange.account.clock.now() - zone.created > retry_tokens.LIFETIME


async def get(exchange: Exchange) -> Response:
    """One zone, with its entity tag."""
    zone = await require_zone(exchange)
    return not_modified(exchange, zone) or _answer(exchange, zone)


async def list_(exchange: Exchange) -> Response:
    """The zones of a compartment that fit every filter."""
    query = exchange.query
    await compartments.require_compartment(exchange, query["compartmentId"])
    private = listing.choice(exchange, "scope", SCOPES) == "PRIVATE" or "viewId" in query or "tsigKeyId" in query
    zone_type, state = listing.choice(exchange, "zoneType", TYPES), listing.choice(exchange, "lifecycleState", STATES)
    dnssec = listing.choice(exchange, "dnssecState", ("ENABLED", "DISABLED"))
    since, before = _moment(exchange, "timeCreatedGreaterThanOrEqualTo"), _moment(exchange, "timeCreatedLessThan")
    name, part = query.get("name"), query.get("nameContains", "").lower()
    found = [
        zone
        for zone in await exchange.services.dns.zones.all(exchange.account.id)
        if zone.data.get("compartmentId") == query["compartmentId"]
        and name in (None, zone.key)
        and part in zone.key
        and (since is None or parse_instant(zone.data["timeCreated"]) >= since)
        and (before is None or parse_instant(zone.data["timeCreated"]) < before)
    ]
    if private or zone_type == "SECONDARY" or state not in (None, "ACTIVE") or dnssec == "ENABLED":
        found = []
    return listing.page(exchange, found, lambda zone: _summary(exchange, zone), total=True, sorts=_SORTS)


async def update(exchange: Exchange) -> Response:
    """Replace the tag sets that are given; what is not given stays."""
    body = fields.json_object(exchange, _FIELDS)
    _check_emulated(body)
    zone = await require_zone(exchange)
    return _answer(exchange, await _describe(exchange, zone, fields.tags(body)))


async def delete(exchange: Exchange) -> Response:
    """Delete a zone with its records."""
    zone = await require_zone(exchange)
    with_match(exchange)(zone)
    await exchange.services.dns.zones.remove(zone)
    return answer(None, 204)


async def change_compartment(exchange: Exchange) -> Response:
    """Move a zone to another compartment of the account."""
    compartment = fields.required_text(fields.json_object(exchange, ("compartmentId",)), "compartmentId")
    zone = await require_zone(exchange)
    await compartments.require_compartment(exchange, compartment)
    await _describe(exchange, zone, {"compartmentId": compartment})
    return answer(None, 202)


async def require_zone(exchange: Exchange) -> Resource:
    """The zone that the path names, by name or id, or the answer that hides whether there is one."""
    name, query = exchange.parameters["zoneNameOrId"], exchange.query
    private = listing.choice(exchange, "scope", SCOPES) == "PRIVATE" or "viewId" in query
    found = await exchange.services.dns.zones.find(exchange.account.id, name)
    compartment = query.get("compartmentId")
    if found is None or private or compartment not in (None, found.data.get("compartmentId")):
        raise Refusal(compartments.HIDDEN)
    return found


def with_match(exchange: Exchange) -> Callable[[Resource], None]:
    """What to ask of a zone before it is changed: the state that `if-match` names, the age of `if-unmodified-since`."""

    def guard(zone: Resource) -> None:
        compartments.check_match(exchange, zone.id, zone.data)
        moment = _http_date(exchange, "if-unmodified-since")
        if moment is not None and int(zone.updated) > moment:
            raise Refusal("https.412.etag")

    return guard


def not_modified(exchange: Exchange, zone: Resource) -> Response | None:
    """The answer to a conditional read of what the client has already; None when it is to be sent."""
    tags = exchange.headers.get("if-none-match")
    if tags is not None:
        wanted = {tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")}
        same = bool(wanted & {"*", compartments.etag(zone.id, zone.data)})
    else:
        moment = _http_date(exchange, "if-modified-since")
        same = moment is not None and int(zone.updated) <= moment
    return answer(None, 304, {"etag": compartments.etag(zone.id, zone.data)}) if same else None


def _http_date(exchange: Exchange, name: str) -> float | None:
    """Unix seconds of a header with a date; None when it is absent or none (RFC 9110 section 13.1)."""
    try:
        return parsedate_to_datetime(exchange.headers.get(name, "")).timestamp()
    except (ValueError, OverflowError):
        return None


async def _describe(exchange: Exchange, zone: Resource, more: Mapping[str, Any]) -> Resource:
    try:
        return await exchange.services.dns.zones.describe(exchange.account, zone, more, with_match(exchange))
    except NotFoundError as error:
        raise Refusal(compartments.HIDDEN) from error


def _zone_name(name: str) -> str:
    """A name with at least two labels, as the service takes no top-level domain."""
    try:
        wanted = domain_name(name)
    except RecordError as error:
        raise Refusal(INVALID, parameter="name") from error
    if "." not in wanted.strip("."):
        raise Refusal(INVALID, parameter="name")
    return wanted


def _check_emulated(body: Mapping[str, Any]) -> None:
    """Refuse what the service can do with a zone and the sandbox can't: secondary, private, signed zones."""
    for name, words in _WORDS.items():
        value = fields.optional_text(body, name)
        if value not in (None, *words):
            raise Refusal(INVALID, parameter=name)
        if value not in (None, words[0]):
            raise Refusal(Condition.NOT_EMULATED)
    if any(body.get(name) for name in _FOREIGN):
        raise Refusal(Condition.NOT_EMULATED)


def _moment(exchange: Exchange, name: str) -> datetime | None:
    text = exchange.query.get(name)
    if text is None:
        return None
    try:
        return parse_instant(text).astimezone(UTC)
    except ValueError as error:
        raise Refusal(INVALID, parameter=name) from error


def _uri(exchange: Exchange, zone: Resource) -> str:
    region = regions.name(exchange.section.region)
    return f"https://dns.{region}.{regions.DOMAIN}{PREFIX}/zones/{zone.id}"


def _answer(exchange: Exchange, zone: Resource) -> Response:
    return answer(_whole(exchange, zone), headers={"etag": compartments.etag(zone.id, zone.data)})


def _summary(exchange: Exchange, zone: Resource) -> dict[str, Any]:
    return {
        "name": zone.key,
        "zoneType": zone.data["zoneType"],
        "compartmentId": zone.data["compartmentId"],
        "viewId": None,
        "scope": "GLOBAL",
        "freeformTags": zone.data.get("freeformTags") or {},
        "definedTags": zone.data.get("definedTags") or {},
        "resolutionMode": "STATIC",
        "dnssecState": "DISABLED",
        "self": _uri(exchange, zone),
        "id": zone.id,
        "timeCreated": zone.data["timeCreated"],
        "version": str(zone.data["version"]),
        "serial": zone.data["serial"],
        "lifecycleState": "ACTIVE",
        "isProtected": False,
        "dnssecConfig": None,
    }


def _whole(exchange: Exchange, zone: Resource) -> dict[str, Any]:
    servers = [{"hostname": server.rstrip(".")} for server in zones.NAMESERVERS]
    more = {"nameservers": servers, "externalMasters": [], "externalDownstreams": [], "zoneTransferServers": []}
    return {**_summary(exchange, zone), **more}


OPERATIONS = (
    Operation(name="createZone", method="POST", path="/zones", call=create),
    Operation(name="listZones", method="GET", path="/zones", call=list_, required=("compartmentId",)),
    Operation(name="getZone", method="GET", path="/zones/{zoneNameOrId}", call=get),
    Operation(name="updateZone", method="PUT", path="/zones/{zoneNameOrId}", call=update),
    Operation(name="deleteZone", method="DELETE", path="/zones/{zoneNameOrId}", call=delete),
    Operation(
        name="changeZoneCompartment",
        method="POST",
        path="/zones/{zoneNameOrId}/actions/changeCompartment",
        call=change_compartment,
    ),
)
