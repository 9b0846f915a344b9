"""Logging, `/20200531`: log groups and the service logs of email domains in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import (
    authorization,
    compartments,
    fields,
    listing,
    log_records,
    ocid,
    records,
    regions,
    retry_tokens,
    work_requests,
)
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20200531"
RETENTION_DAYS = 30
_GROUP = ("compartmentId", "displayName", "description", *fields.TAG_FIELDS)
_LOG = ("displayName", "logType", "isEnabled", "configuration", "retentionDuration", *fields.TAG_FIELDS)
_GROUP_FIELDS = ("compartmentId", "displayName", "description", "timeCreated", "timeLastModified")
_LOG_FIELDS = (
    "logGroupId", "compartmentId", "tenancyId", "displayName", "logType", "isEnabled", "configuration",
    "retentionDuration", "timeCreated", "timeLastModified",
)  # fmt: skip
_SORTS: listing.Sorts[Resource] = {
    "TIMECREATED": (lambda row: (row.created, row.id), "DESC"),
    "DISPLAYNAME": (lambda row: (row.data["displayName"], row.id), "ASC"),
}


async def create_group(exchange: Exchange) -> Response:
    """A log group; the answer has only its work request."""
    body = fields.json_object(exchange, _GROUP)
    compartment, name = fields.required_text(body, "compartmentId"), fields.required_text(body, "displayName")
    await compartments.require_compartment(exchange, compartment)
    data = {"compartmentId": compartment, "displayName": name, "description": fields.text(body, "description", 400)}
    return await _create(exchange, "loggroup", f"{compartment}/{name}", {**data, **fields.tags(body)})


async def get_group(exchange: Exchange) -> Response:
    """One log group."""
    return _shown(await _group(exchange), _GROUP_FIELDS)


async def list_groups(exchange: Exchange) -> Response:
    """The log groups of a compartment."""
    compartment, name = exchange.query["compartmentId"], exchange.query.get("displayName")
    await compartments.require_compartment(exchange, compartment)
    found = [
        row
        for row in await exchange.services.store.resources.all(exchange.account.id, "oci", "loggroup")
        if row.data["compartmentId"] == compartment and name in (None, row.data["displayName"])
    ]
    return listing.page(exchange, found, lambda row: _shape(row, _GROUP_FIELDS), sorts=_SORTS)


async def update_group(exchange: Exchange) -> Response:
    """Replace name, description or tags that are given."""
    return await _update(exchange, await _group(exchange), fields.json_object(exchange, _GROUP[1:]))


async def delete_group(exchange: Exchange) -> Response:
    """Delete an empty log group."""
    row = await _group(exchange)
    if await _logs(exchange, row):
        raise Refusal("https.409.incorrect-state")
    return await _delete(exchange, row)


async def create_log(exchange: Exchange) -> Response:
    """A log for a category of an email domain, each of which has one at most."""
    group = await _group(exchange)
    body = fields.json_object(exchange, _LOG)
    name, kind = fields.required_text(body, "displayName"), fields.required_text(body, "logType").upper()
    configuration = fields.object_of(body, "configuration")
    if kind not in ("SERVICE", "CUSTOM"):
        raise Refusal("https.400.invalid-parameter", parameter="logType")
    key = f"{group.id}/{name}" if kind == "CUSTOM" else await _source(exchange, configuration)
    own = await compartments.identity(exchange)
    data = {
        "logGroupId": group.id,
        "compartmentId": group.data["compartmentId"],
        "tenancyId": own.tenancy,
        "displayName": name,
        "logType": kind,
        "isEnabled": body.get("isEnabled") is not False,
        "configuration": {"compartmentId": group.data["compartmentId"], **configuration} if configuration else None,
        "retentionDuration": fields.whole_number(body, "retentionDuration", 30, 180) or RETENTION_DAYS,
        **fields.tags(body),
    }
    return await _create(exchange, "log", key, data)


async def _source(exchange: Exchange, configuration: Mapping[str, Any]) -> str:
    """The resource and category of a service log; 400 for what is no log of an email domain."""
    source = fields.object_of(configuration, "source")
    domain, category = (fields.required_text(source, name) for name in ("resource", "category"))
    sound = source.get("service") == "emaildelivery" and category in log_records.CATEGORIES
    known = await exchange.services.store.resources.get(exchange.account.id, "oci", "email-domain", domain)
    if not sound or known is None:
        raise Refusal("https.400.invalid-parameter", parameter="configuration.source")
    return f"{domain}/{category}"


async def get_log(exchange: Exchange) -> Response:
    """One log."""
    return _shown(await _log(exchange), _LOG_FIELDS)


async def list_logs(exchange: Exchange) -> Response:
    """The logs of a group."""
    name = exchange.query.get("displayName")
    found = [row for row in await _logs(exchange, await _group(exchange)) if name in (None, row.data["displayName"])]
    return listing.page(exchange, found, lambda row: _shape(row, _LOG_FIELDS), sorts=_SORTS)


async def update_log(exchange: Exchange) -> Response:
    """Replace name, state, retention or tags that are given."""
    return await _update(exchange, await _log(exchange), fields.json_object(exchange, _LOG))


async def delete_log(exchange: Exchange) -> Response:
    """Delete a log; what happened can still be searched."""
    return await _delete(exchange, await _log(exchange))


async def _group(exchange: Exchange) -> Resource:
    return await compartments.resource(exchange, "loggroup", "logGroupId")


async def _log(exchange: Exchange) -> Resource:
    row = await compartments.resource(exchange, "log", "logId")
    if row.data["logGroupId"] != exchange.parameters["logGroupId"]:
        raise Refusal(compartments.HIDDEN)
    return row


async def _logs(exchange: Exchange, group: Resource) -> list[Resource]:
    rows = await exchange.services.store.resources.all(exchange.account.id, "oci", "log")
    return [row for row in rows if row.data["logGroupId"] == group.id]


def _shape(row: Resource, names: tuple[str, ...]) -> dict[str, Any]:
    tags = {name: row.data.get(name) or {} for name in fields.TAG_FIELDS}
    return {"id": row.id, **{name: row.data.get(name) for name in names}, "lifecycleState": "ACTIVE", **tags}


def _shown(row: Resource, names: tuple[str, ...]) -> Response:
    return answer(_shape(row, names), headers={"etag": compartments.etag(row.id, row.data)})


async def _create(exchange: Exchange, kind: str, key: str, data: Mapping[str, Any]) -> Response:
    earlier = await retry_tokens.earlier(exchange)
    if earlier is not None:
        return answer(None, 202, {"opc-work-request-id": earlier[1]})
    identifier = ocid.make(exchange.account.ids, kind, regions.name(exchange.section.region))
    row = records.record(exchange.account, kind, identifier, key, data)
    row = records.extended(row, {"timeLastModified": row.data["timeCreated"]})
    request = _begun(exchange, row, "CREATE", "CREATED")
    try:
        await exchange.services.store.resources.add_all([row, request, *retry_tokens.row(exchange, row, request.id)])
    except DuplicateKeyError as error:
        raise Refusal("https.409.exists", resource=data["displayName"]) from error
    return answer(None, 202, {"opc-work-request-id": request.id})


async def _update(exchange: Exchange, row: Resource, body: Mapping[str, Any]) -> Response:
    changes = fields.tags(body)
    changes |= {name: fields.text(body, name, 400) for name in ("displayName", "description") if body.get(name)}
    if isinstance(body.get("isEnabled"), bool):
        changes["isEnabled"] = body["isEnabled"]
    now = exchange.account.clock.now()

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        compartments.check_match(exchange, row.id, data)
        return {**data, **changes, "timeLastModified": to_iso(now)}

    request = _begun(exchange, row, "UPDATE", "UPDATED")
    await exchange.services.store.resources.change(row, now, edit)
    await exchange.services.store.resources.add(request)
    if row.kind == "loggroup":
        return _shown(await _group(exchange), _GROUP_FIELDS)
    return answer(None, 202, {"opc-work-request-id": request.id})


async def _delete(exchange: Exchange, row: Resource) -> Response:
    compartments.check_match(exchange, row.id, row.data)
    request = _begun(exchange, row, "DELETE", "DELETED")
    await exchange.services.store.resources.add(request)
    await exchange.services.store.resources.remove(row)
    return answer(None, 202, {"opc-work-request-id": request.id})


def _begun(exchange: Exchange, row: Resource, verb: str, action: str) -> Resource:
    what = {"loggroup": "LOG_GROUP", "log": "LOG"}[row.kind]
    return work_requests.make(
        exchange.account,
        regions.name(exchange.section.region),
        operation=f"{verb}_{what}",
        compartment=row.data["compartmentId"],
        concerned=[work_requests.concern(row.kind, action, row, "/logGroups")],
        took=0.0,
    )


_GROUPS, _ONE = "/logGroups", "/logGroups/{logGroupId}"
_LOGS, _ONE_LOG = _ONE + "/logs", _ONE + "/logs/{logId}"
OPERATIONS = authorization.guarded(
    (
        Operation(name="createLogGroup", method="POST", path=_GROUPS, call=create_group),
        Operation(name="getLogGroup", method="GET", path=_ONE, call=get_group),
        Operation(name="listLogGroups", method="GET", path=_GROUPS, call=list_groups, required=("compartmentId",)),
        Operation(name="updateLogGroup", method="PUT", path=_ONE, call=update_group),
        Operation(name="deleteLogGroup", method="DELETE", path=_ONE, call=delete_group),
        Operation(name="createLog", method="POST", path=_LOGS, call=create_log),
        Operation(name="getLog", method="GET", path=_ONE_LOG, call=get_log),
        Operation(name="listLogs", method="GET", path=_LOGS, call=list_logs),
        Operation(name="updateLog", method="PUT", path=_ONE_LOG, call=update_log),
        Operation(name="deleteLog", method="DELETE", path=_ONE_LOG, call=delete_log),
        Operation(name="getWorkRequest", method="GET", path="/workRequests/{workRequestId}", call=work_requests.get),
    )
)
