"""Export jobs: metrics or messages as a file, behind a link that needs no signature or in a folder of this machine."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ses import buckets, export_rows, named
from sandbox.providers.ses.call import Call, Handler

KIND = "export-job"
SECONDS = 1.0
"""How long a job takes on the account's clock; until then it can be cancelled."""
PATH = "/ses/exports/{job}/{name}"
_MISSING = "api.NotFoundException.job"
_TYPES = {"MetricsDataSource": "METRICS_DATA", "MessageInsightsDataSource": "MESSAGE_INSIGHTS"}
_MEDIA = {"csv": "text/csv", "json": "application/jsonlines"}


async def create_export_job(call: Call) -> Mapping[str, Any]:
    """Begin an export; what it finds is what there is now."""
    source, destination = call.input["ExportDataSource"], dict(call.input["ExportDestination"])
    if len(source) != 1:
        raise Refusal("api.BadRequestException.export-source")
    (kind, wish), *_ = source.items()
    rows = await (export_rows.of_metrics if kind == "MetricsDataSource" else export_rows.of_messages)(call, wish)
    text = export_rows.written(rows, destination["DataFormat"])
    if "S3Url" in destination:
        await buckets.write(call.section.buckets, destination["S3Url"], text.encode())
    data = {
        "source": source,
        "destination": destination,
        "started": call.now,
        "cancelled": False,
        "count": len(rows),
        "token": call.account.ids.hex(32),
        "text": text,
    }
    row = await named.add(call, KIND, call.account.ids.uuid(), data, _MISSING)
    return {"JobId": row.key}


async def get_export_job(call: Call) -> Mapping[str, Any]:
    """One job; once it is completed, where its file is."""
    row = await _existing(call)
    destination = dict(row.data["destination"])
    done = status(row, call.now) == "COMPLETED"
    if done and "S3Url" not in destination:
        destination["S3Url"] = _link(call.services, row)
    count = row.data["count"] if done else 0
    return {
        **_summary(call, row),
        "ExportDestination": destination,
        "ExportDataSource": row.data["source"],
        "Statistics": {"ProcessedRecordsCount": count, "ExportedRecordsCount": count},
    }


async def list_export_jobs(call: Call) -> Mapping[str, Any]:
    """The jobs, the newest first."""
    kind, wanted = call.input.get("ExportSourceType"), call.input.get("JobStatus")
    found = [
        row
        for row in await named.rows(call, KIND)
        if kind in (None, _type(row)) and wanted in (None, status(row, call.now))
    ]
    return named.listing(call, "ExportJobs", found[::-1], lambda row: _summary(call, row))


async def cancel_export_job(call: Call) -> Mapping[str, Any]:
    """Stop a job that is not finished yet."""
    row = await _existing(call)
    if status(row, call.now) != "PROCESSING":
        raise Refusal("api.BadRequestException.export-finished", resource=row.key)
    await named.change(call, row, cancelled=True, text="", completed=call.now)
    return {}


def status(row: Resource, now: float) -> str:
    """Where a job stands."""
    if row.data["cancelled"]:
        return "CANCELLED"
    return "COMPLETED" if now >= row.data["started"] + SECONDS else "PROCESSING"


async def _existing(call: Call) -> Resource:
    return await named.existing(call, KIND, call.input["JobId"], _MISSING)


def _type(row: Resource) -> str:
    return _TYPES[next(iter(row.data["source"]))]


def _summary(call: Call, row: Resource) -> dict[str, Any]:
    state = status(row, call.now)
    finished = row.data.get("completed", row.data["started"] + SECONDS)
    return {
        "JobId": row.key,
        "ExportSourceType": _type(row),
        "JobStatus": state,
        "CreatedTimestamp": row.data["started"],
        "CompletedTimestamp": None if state == "PROCESSING" else finished,
    }


def _link(services: Services, row: Resource) -> str:
    name = f"{row.data['token']}.{row.data['destination']['DataFormat'].lower()}"
    return str(services.endpoints.get("http", "http://localhost")) + PATH.format(job=row.key, name=name)


def pages(services: Services, section: Any) -> list[BaseRoute]:  # noqa: ARG001 - as every family's pages are asked
    """The files of finished jobs, for whoever has the link."""

    async def file(request: Request) -> Response:
        token, _, ending = request.path_params["name"].partition(".")
        for row in await services.store.resources.anywhere("ses", KIND, request.path_params["job"]):
            now = services.accounts.get(row.account).clock.now()
            if hmac.compare_digest(token.encode(), row.data["token"].encode()) and status(row, now) == "COMPLETED":
                return Response(row.data["text"], media_type=_MEDIA.get(ending, "text/plain"))
        return PlainTextResponse("There is no such export.\n", 404)

    return [Route(PATH, file, methods=["GET"])]


V2: Mapping[str, Handler] = {
    "CancelExportJob": cancel_export_job,
    "CreateExportJob": create_export_job,
    "GetExportJob": get_export_job,
    "ListExportJobs": list_export_jobs,
}
