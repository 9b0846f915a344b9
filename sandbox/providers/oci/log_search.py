"""Log search, `/20190909/search`: the records of a time range that a query selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import parse_instant
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci import authorization, compartments, fields, listing, log_query, log_records, occurrences
from sandbox.providers.oci.edge import answer
from sandbox.providers.oci.occurrences import Occurrence
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20190909"
DAYS = 14
"""The longest time range of one query."""
LIMIT = 500
MOST = 1000
_BODY = ("timeStart", "timeEnd", "searchQuery", "isReturnFieldInfo")
_FIELDS = (("datetime", "NUMBER"), ("logContent", "STRING"))


async def search(exchange: Exchange) -> Response:
    """What the logs have; without a log of the domain's, records name none."""
    body = fields.json_object(exchange, _BODY)
    start, end = (_moment(body, name) for name in ("timeStart", "timeEnd"))
    if not start < end <= start + DAYS * 86_400:
        raise Refusal("https.400.invalid-parameter", parameter="timeEnd")
    query = _query(fields.required_text(body, "searchQuery"))
    records = query.select(await _records(exchange, query, start, end))
    begin, limit = _position(exchange), _limit(exchange)
    shown = records[begin : begin + limit]
    headers = {"opc-next-page": str(begin + limit)} if begin + limit < len(records) else {}
    found_fields = [{"fieldName": name, "fieldType": kind} for name, kind in _FIELDS]
    return answer(
        {
            "results": [{"data": record} for record in shown],
            "fields": found_fields if body.get("isReturnFieldInfo") else [],
            "summary": {"resultCount": len(shown), "fieldCount": len(_FIELDS)},
        },
        headers=headers,
    )


async def _records(exchange: Exchange, query: log_query.Query, start: float, end: float) -> list[Mapping[str, Any]]:
    """Every record of the time range within the scopes of the query."""
    own = await compartments.identity(exchange)
    logs = await exchange.services.store.resources.all(exchange.account.id, "oci", "log")
    domains = await exchange.services.store.resources.all(exchange.account.id, "oci", "email-domain")
    identifiers = {row.key: row.id for row in domains}
    found: list[Mapping[str, Any]] = []
    for one in await occurrences.between(exchange.services, exchange.account, start, end):
        record = log_records.record(
            one,
            headers=await _headers(exchange, one),
            tenancy=own.tenancy,
            compartment=own.compartment,
            place={},
        )
        if record is not None:
            content = record["logContent"]
            content["oracle"] |= _place(logs, identifiers.get(one.domain, ""), content["type"])
            if any(_covers(scope, content["oracle"]) for scope in query.scopes):
                found.append(record)
    return found


async def _headers(exchange: Exchange, one: Occurrence) -> dict[str, str]:
    if one.message is None:
        return {}
    return await occurrences.custom_headers(exchange.services, exchange.account, one.message.id)


def _place(logs: Sequence[Resource], domain: str, kind: str) -> dict[str, str]:
    """The identifiers of the log that was made for a domain and category."""
    wanted = (domain, kind.removeprefix(log_records.TYPE))
    for log in logs:
        source = (log.data.get("configuration") or {}).get("source") or {}
        if (source.get("resource"), source.get("category")) == wanted:
            return {"loggroupid": log.data["logGroupId"], "logid": log.id}
    return {"loggroupid": "", "logid": ""}


def _covers(scope: str, oracle: Mapping[str, str]) -> bool:
    """Whether a scope (compartment, or compartment/log group/log) has a record; the tenancy has all."""
    parts = scope.split("/")
    if parts[0] not in (oracle["compartmentid"], oracle["tenantid"]):
        return False
    return all(part == oracle[name] for part, name in zip(parts[1:], ("loggroupid", "logid"), strict=False) if part)


def _query(text: str) -> log_query.Query:
    try:
        return log_query.parse(text)
    except (log_query.QueryError, ValueError) as error:
        raise Refusal("https.400.invalid-parameter", parameter="searchQuery") from error


def _moment(body: Mapping[str, Any], name: str) -> float:
    try:
        return parse_instant(fields.required_text(body, name)).timestamp()
    except (ValueError, OverflowError) as error:
        raise Refusal("https.400.invalid-parameter", parameter=name) from error


def _limit(exchange: Exchange) -> int:
    return listing.whole(exchange, "limit", LIMIT, MOST)


def _position(exchange: Exchange) -> int:
    return listing.whole(exchange, "page", 0, occurrences.MOST * 10)


OPERATIONS = authorization.guarded((Operation(name="searchLogs", method="POST", path="/search", call=search),))
