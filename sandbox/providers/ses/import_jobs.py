"""Import jobs: files of addresses for the suppression or a contact list, from a folder that stands for a bucket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import buckets, contacts, named, suppression
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.import_records import RecordError, read

KIND = "import-job"
SHOWN = 3
"""Problems that the failure of a job tells."""
_MISSING = "api.NotFoundException.job"
_TYPES = {"SuppressionListDestination": "SUPPRESSION_LIST", "ContactListDestination": "CONTACT_LIST"}


async def create_import_job(call: Call) -> Mapping[str, Any]:
    """Do what the file says; the job is finished when this answers."""
    destination, source = call.input["ImportDestination"], call.input["ImportDataSource"]
    if len(destination) != 1:
        raise Refusal("api.BadRequestException.import-destination")
    if not call.owner.settings["production_access"]:
        raise Refusal("api.BadRequestException.suppression-sandbox")
    octets = await buckets.read(call.section.buckets, source["S3Url"])
    job_id = call.account.ids.uuid()
    started = call.now
    problems, count = await _perform(call, destination, octets, source["DataFormat"])
    data = {
        "destination": destination,
        "source": source,
        "started": started,
        "completed": call.now,
        "processed": count,
        "failed": len(problems),
        "problems": problems[:SHOWN],
    }
    await named.add(call, KIND, job_id, data, _MISSING)
    return {"JobId": job_id}


async def get_import_job(call: Call) -> Mapping[str, Any]:
    """One job."""
    row = await named.existing(call, KIND, call.input["JobId"], _MISSING)
    failure = {"ErrorMessage": "; ".join(row.data["problems"])} if row.data["problems"] else None
    return {
        **_summary(row),
        "ImportDataSource": row.data["source"],
        "FailureInfo": failure,
        "CompletedTimestamp": row.data["completed"],
    }


async def list_import_jobs(call: Call) -> Mapping[str, Any]:
    """The jobs, the newest first."""
    wanted = call.input.get("ImportDestinationType")
    found = [row for row in await named.rows(call, KIND) if wanted in (None, _type(row))]
    return named.listing(call, "ImportJobs", found[::-1], _summary)


async def _perform(
    call: Call, destination: Mapping[str, Any], octets: bytes, data_format: str
) -> tuple[list[str], int]:
    """Perform each record; what went wrong, and how many there were."""
    (kind, options), *_ = destination.items()
    apply = _suppressing(call, options) if kind == "SuppressionListDestination" else await _listing(call, options)
    problems: list[str] = []
    count = 0
    try:
        for record in read(octets, data_format, contacts=kind == "ContactListDestination"):
            count += 1
            try:
                if isinstance(record, RecordError):
                    raise record
                await apply(record)
            except (RecordError, Refusal) as error:
                problems.append(str(error))
    except RecordError as error:
        problems.append(str(error))
    return problems, count


def _suppressing(call: Call, options: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Awaitable[Any]]:
    """What is done with a record for the suppression list."""
    putting = options["SuppressionListImportAction"] == "PUT"
    handler = suppression.V2["PutSuppressedDestination" if putting else "DeleteSuppressedDestination"]

    async def apply(record: Mapping[str, Any]) -> None:
        if putting and "Reason" not in record:
            raise RecordError(f"no reason: {record['EmailAddress']}")
        await handler(call.with_input(record))

    return apply


async def _listing(call: Call, options: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Awaitable[Any]]:
    """What is done with a record for a contact list."""
    about = {"ContactListName": options["ContactListName"]}
    await contacts.V2["GetContactList"](call.with_input(about))
    putting = options["ContactListImportAction"] == "PUT"

    async def apply(record: Mapping[str, Any]) -> None:
        wish = call.with_input({**about, **record})
        if not putting:
            await contacts.V2["DeleteContact"](wish)
            return
        try:
            await contacts.V2["CreateContact"](wish)
        except Refusal as refusal:
            if refusal.reason != "api.AlreadyExistsException.contact":
                raise
            await contacts.V2["UpdateContact"](wish)

    return apply


def _type(row: Resource) -> str:
    return _TYPES[next(iter(row.data["destination"]))]


def _summary(row: Resource) -> dict[str, Any]:
    return {
        "JobId": row.key,
        "ImportDestination": row.data["destination"],
        "JobStatus": "FAILED" if row.data["failed"] and row.data["failed"] >= row.data["processed"] else "COMPLETED",
        "CreatedTimestamp": row.data["started"],
        "ProcessedRecordsCount": row.data["processed"],
        "FailedRecordsCount": row.data["failed"],
    }


V2: Mapping[str, Handler] = {
    "CreateImportJob": create_import_job,
    "GetImportJob": get_import_job,
    "ListImportJobs": list_import_jobs,
}
