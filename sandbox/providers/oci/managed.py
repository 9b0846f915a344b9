"""Resources that are made, changed, moved and deleted by work requests: what all kinds of them have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError, Edit
from sandbox.providers.oci import compartments, fields, lifecycle, listing, locks, regions, retry_tokens, work_requests
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange

_TAGS = ("freeformTags", "definedTags", "systemTags")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of resource, as data."""

    name: str
    """Kind in the store."""
    collection: str
    """Path: `/emailDomains`."""
    parameter: str
    """The path's placeholder, also a field of requests: `emailDomainId`."""
    entity: str
    """What work requests call it: `emailDomain`."""
    operation: str
    """The end of its operation types: `EMAIL_DOMAIN` of `CREATE_EMAIL_DOMAIN`."""
    states: Sequence[str]
    summary: Sequence[str]
    """Fields in lists, besides id and tags."""
    sorts: Sequence[str]
    """What `sortBy` may say, the default first."""
    locked: bool = True
    """Whether it can be locked."""
    details: Callable[[Exchange, Resource], Awaitable[Mapping[str, Any]]]
    """Fields of a single one besides those of lists."""


def summary(kind: Kind, row: Resource) -> dict[str, Any]:
    """A resource as lists show it."""
    shown = {name: row.data.get(name) for name in kind.summary}
    shown |= {name: row.data.get(name) or {} for name in _TAGS}
    return {"id": row.id, **shown, **({"locks": row.data.get("locks") or []} if kind.locked else {})}


async def shown(exchange: Exchange, kind: Kind, row: Resource, status: int = 200, **headers: str) -> Response:
    """A single resource with its entity tag."""
    whole = {**summary(kind, row), **await kind.details(exchange, row)}
    return answer(whole, status, {"etag": compartments.etag(row.id, row.data), **headers})


async def named(exchange: Exchange, kind: Kind) -> Resource:
    """The resource that the path names."""
    return await compartments.resource(exchange, kind.name, kind.parameter)


async def page(exchange: Exchange, kind: Kind, rows: Sequence[Resource]) -> Response:
    """Of some resources those that fit the filters `id`, `name` and `lifecycleState`, as a page."""
    query, state = exchange.query, listing.choice(exchange, "lifecycleState", kind.states)
    found = [
        row
        for row in rows
        if query.get("id") in (None, row.id)
        and query.get("name") in (None, row.data.get("name"))
        and state in (None, row.data["lifecycleState"])
    ]
    sorts = listing.sorted_by(*kind.sorts)
    return listing.page(exchange, found, lambda row: summary(kind, row), sorts=sorts, wrapped=True)


async def created(exchange: Exchange, kind: Kind, row: Resource, edits: Sequence[Edit] = ()) -> Response:
    """Store a new resource with its work request; answers 202, or 409 Conflict when there is one of its name."""
    request = begun(exchange, kind, f"CREATE_{kind.operation}", "CREATED", row)
    try:
        fresh = [row, request, *retry_tokens.row(exchange, row, request.id)]
        await exchange.services.store.resources.change_all(edits, fresh)
    except DuplicateKeyError as error:
        repeated = await replayed(exchange, kind)  # the same request may have come twice at the same moment
        if repeated is not None:
            return repeated
        raise Refusal("https.409.exists", resource=row.data["name"]) from error
    return await _accepted(exchange, kind, row, request.id)


async def replayed(exchange: Exchange, kind: Kind) -> Response | None:
    """The answer to a request that repeats the one which made a resource; None for any other."""
    earlier = await retry_tokens.earlier(exchange)
    return None if earlier is None else await _accepted(exchange, kind, *earlier)


async def _accepted(exchange: Exchange, kind: Kind, row: Resource, request: str) -> Response:
    place = f"/20170907{kind.collection}/{row.id}"
    headers = {"location": place, "content-location": place, "opc-work-request-id": request}
    return await shown(exchange, kind, row, 202, **headers)


async def changed(
    exchange: Exchange,
    kind: Kind,
    row: Resource,
    changes: Mapping[str, Any],
    more: Sequence[Edit] = (),
    *,
    verb: str = "UPDATE",
) -> Response:
    """Change a resource by a work request; answers 202 without a body. `more` is changed in the same commit."""
    request = begun(exchange, kind, f"{verb}_{kind.operation}", "UPDATED", row)
    now = exchange.account.clock.now()

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        admit(exchange, row, data)
        fate = lifecycle.pending(now + took(exchange), data["lifecycleState"])
        return {**data, **changes, "lifecycleState": "UPDATING", "timeUpdated": to_iso(now), **fate}

    return await performed(exchange, request, [Edit(resource=row, at=now, edit=edit), *more], row)


async def deleted(
    exchange: Exchange, kind: Kind, row: Resource, more: Sequence[Resource] = (), *, lasts: float = 0.0
) -> Response:
    """Delete a resource, and others with it, by a work request; they are DELETING for `lasts` seconds more."""
    request = begun(exchange, kind, f"DELETE_{kind.operation}", "DELETED", row)
    now = exchange.account.clock.now()
    fate = {"lifecycleState": "DELETING", **lifecycle.pending(now + took(exchange) + lasts, lifecycle.GONE)}

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        admit(exchange, row, data, deletes=True)
        return {**data, **fate}

    edits = [Edit(resource=row, at=now, edit=edit)]
    edits += [Edit(resource=other, at=now, edit=lambda data: {**data, **fate}) for other in more]
    edits += await work_requests.failed_by_deletion(exchange, [row, *more])
    return await performed(exchange, request, edits)


def admit(exchange: Exchange, row: Resource, data: Mapping[str, Any], *, deletes: bool = False) -> None:
    """Refuse a change to another state than the client knows, to what is locked, or to what is changing already."""
    compartments.check_match(exchange, row.id, data)
    locks.check(exchange, data, deletes=deletes)
    if not (deletes and data["lifecycleState"] == "CREATING"):
        lifecycle.check_state(data)


async def performed(
    exchange: Exchange, request: Resource, edits: Sequence[Edit], row: Resource | None = None
) -> Response:
    """Make the edits of a work request; answers 202 with its id. `row` is what a retry token stands for."""
    earlier = await retry_tokens.earlier(exchange) if row else None
    if earlier is None:
        token = retry_tokens.row(exchange, row, request.id) if row else []
        await exchange.services.store.resources.change_all(edits, [request, *token])
    return answer(None, 202, {"opc-work-request-id": earlier[1] if earlier else request.id})


def begun(exchange: Exchange, kind: Kind, operation: str, action: str, row: Resource) -> Resource:
    """A work request for an operation on a resource, not stored yet."""
    return work_requests.make(
        exchange.account,
        regions.name(exchange.section.region),
        operation=operation,
        compartment=row.data["compartmentId"],
        concerned=[work_requests.concern(kind.entity, action, row, kind.collection)],
        took=took(exchange),
    )


def took(exchange: Exchange) -> float:
    """Seconds that an operation takes on the account's clock."""
    return float(exchange.section.operation_seconds)


def common(body: Mapping[str, Any]) -> dict[str, Any]:
    """The description and the tags of a body, as far as they are given."""
    description = fields.text(body, "description", fields.DESCRIPTION)
    return {**fields.tags(body), **({"description": description} if "description" in body else {})}
