"""Work requests: how far an asynchronous operation is, computed from the account's clock, with its logs and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.model import Resource
from sandbox.core.store.resources import Edit
from sandbox.providers.oci import compartments, listing, ocid, records
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

KIND = "work-request"
STATES = (
    "ACCEPTED", "IN_PROGRESS", "WAITING", "NEEDS_ATTENTION", "FAILED", "SUCCEEDED", "CANCELING", "CANCELED",
)  # fmt: skip
OPERATION_TYPES = (
    "CREATE_DKIM", "DELETE_DKIM", "MOVE_DKIM", "UPDATE_DKIM", "CREATE_EMAIL_DOMAIN", "DELETE_EMAIL_DOMAIN",
    "MOVE_EMAIL_DOMAIN", "UPDATE_EMAIL_DOMAIN", "CREATE_RETURN_PATH", "DELETE_RETURN_PATH", "UPDATE_RETURN_PATH",
    "CREATE_IP_POOL", "UPDATE_IP_POOL", "DELETE_IP_POOL", "MOVE_IP_POOL",
)  # fmt: skip
WAITS = 0.1
"""Part of the whole time that a work request waits before it is started."""
RETRY_AFTER = "1"
"""Seconds that a client should wait before it asks again."""


def make(
    account: Account,
    region: str,
    *,
    operation: str,
    compartment: str,
    concerned: Sequence[Mapping[str, str]],
    took: float,
) -> Resource:
    """A work request that is accepted now and will have succeeded `took` seconds later."""
    data = {
        "operationType": operation,
        "compartmentId": compartment,
        "resources": list(concerned),
        "accepted": account.clock.now(),
        "took": took,
    }
    name = ocid.make(account.ids, "emailworkrequest", region)
    return records.record(account, KIND, name, name, data)


def concern(entity: str, action: str, row: Resource, collection: str) -> dict[str, str]:
    """One resource of a work request, and what is done to it: CREATED, UPDATED, DELETED, RELATED."""
    return {
        "entityType": entity,
        "actionType": action,
        "identifier": row.id,
        "entityUri": f"/20170907{collection}/{row.id}",
    }


async def failed_by_deletion(exchange: Exchange, gone: Sequence[Resource]) -> list[Edit]:
    """The edits that let unfinished work requests fail, because what they work on is being deleted."""
    now, names = exchange.account.clock.now(), {row.id for row in gone}
    error = {
        "code": "IncorrectState",
        "message": "The resource was deleted before the operation finished.",
        "timestamp": to_iso(now),
    }

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "failed": now, "error": error} if now < data["accepted"] + data["took"] else data

    return [
        Edit(resource=row, at=now, edit=edit)
        for row in await exchange.services.store.resources.all(exchange.account.id, "oci", KIND)
        if "failed" not in row.data and names & {one["identifier"] for one in row.data["resources"]}
    ]


async def get(exchange: Exchange) -> Response:
    """One work request; `retry-after` says when to ask again."""
    row = await compartments.resource(exchange, KIND, "workRequestId")
    return answer(_shape(row, exchange.account.clock.now()), headers={"retry-after": RETRY_AFTER})


async def list_(exchange: Exchange) -> Response:
    """The work requests of a compartment that fit every filter."""
    query, now = exchange.query, exchange.account.clock.now()
    await compartments.require_compartment(exchange, query["compartmentId"])
    status = listing.choice(exchange, "status", STATES)
    operation = listing.choice(exchange, "operationType", OPERATION_TYPES)
    found = [
        row
        for row in await exchange.services.store.resources.all(exchange.account.id, "oci", KIND)
        if row.data["operationType"] in OPERATION_TYPES
        and row.data["compartmentId"] == query["compartmentId"]
        and query.get("workRequestId") in (None, row.id)
        and (status is None or status_of(row, now) == status)
        and operation in (None, row.data["operationType"])
    ]
    return listing.page(
        exchange, found, lambda row: _shape(row, now), sorts=listing.sorted_by("TIMEACCEPTED"), wrapped=True
    )


async def errors(exchange: Exchange) -> Response:
    """What went wrong; empty for a work request that succeeded or goes on."""
    row = await compartments.resource(exchange, KIND, "workRequestId")
    found: list[Mapping[str, Any]] = [row.data["error"]] if "error" in row.data else []
    return listing.page(exchange, found, dict, sorts=_SORTS, wrapped=True)


async def logs(exchange: Exchange) -> Response:
    """What was done so far."""
    row = await compartments.resource(exchange, KIND, "workRequestId")
    now, operation = exchange.account.clock.now(), row.data["operationType"]
    accepted, end = row.data["accepted"], _end(row)
    steps = [
        (accepted, f"Accepted {operation}."),
        (accepted + WAITS * row.data["took"], f"Began {operation}."),
        (end, f"Completed {operation}: {status_of(row, end)}."),
    ]
    found: list[Mapping[str, Any]] = [
        {"message": text, "timestamp": to_iso(at)} for at, text in steps if at <= min(now, end)
    ]
    return listing.page(exchange, found, dict, sorts=_SORTS, wrapped=True)


def status_of(row: Resource, now: float) -> str:
    """The state of a work request at a moment."""
    if "failed" in row.data and now >= row.data["failed"]:
        return "FAILED"
    passed, took = now - row.data["accepted"], row.data["took"]
    if passed >= took:
        return "SUCCEEDED"
    return "IN_PROGRESS" if passed >= took * WAITS else "ACCEPTED"


def _end(row: Resource) -> float:
    return float(row.data.get("failed", row.data["accepted"] + row.data["took"]))


def _shape(row: Resource, now: float) -> dict[str, Any]:
    """A work request as clients see it; until it has ended, its resources are IN_PROGRESS."""
    data, status = row.data, status_of(row, now)
    over = status in ("SUCCEEDED", "FAILED")
    passed = now - data["accepted"]
    overridden = {"FAILED": "FAILED", "SUCCEEDED": None}.get(status, "IN_PROGRESS")
    return {
        "id": row.id,
        "operationType": data["operationType"],
        "status": status,
        "compartmentId": data["compartmentId"],
        "resources": [{**one, "actionType": overridden or one["actionType"]} for one in data["resources"]],
        "percentComplete": 100.0 if over else round(100.0 * max(0.0, passed) / data["took"], 1),
        "timeAccepted": to_iso(data["accepted"]),
        "timeStarted": None if status == "ACCEPTED" else to_iso(data["accepted"] + WAITS * data["took"]),
        "timeFinished": to_iso(_end(row)) if over else None,
    }


def _by_timestamp(entry: Mapping[str, Any]) -> listing.Key:
    return (entry["timestamp"], str(entry["message"]))


_SORTS: listing.Sorts[Mapping[str, Any]] = {"TIMESTAMP": (_by_timestamp, "DESC")}
OPERATIONS = (
    Operation(name="listWorkRequests", method="GET", path="/workRequests", call=list_, required=("compartmentId",)),
    Operation(name="getWorkRequest", method="GET", path="/workRequests/{workRequestId}", call=get),
    Operation(name="listWorkRequestErrors", method="GET", path="/workRequests/{workRequestId}/errors", call=errors),
    Operation(name="listWorkRequestLogs", method="GET", path="/workRequests/{workRequestId}/logs", call=logs),
)
