"""Email return paths: a customer's own domain for envelope senders, active once its CNAME is found in DNS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci import (
    activation,
    addresses,
    compartments,
    fields,
    lifecycle,
    lockable,
    managed,
    ocid,
    records,
    regions,
)
from sandbox.wire.http import Exchange, Operation

_CREATE = ("parentResourceId", "name", "description", *fields.TAG_FIELDS)
_UPDATE = ("description", *fields.TAG_FIELDS)


async def _details(_: Exchange, row: Resource) -> Mapping[str, Any]:
    return {name: row.data.get(name) for name in ("lifecycleDetails", "dnsSubdomainName", "cnameRecordValue")}


KIND = managed.Kind(
    name="return-path",
    collection="/emailReturnPaths",
    parameter="emailReturnPathId",
    entity="emailReturnPath",
    operation="RETURN_PATH",
    states=("ACTIVE", "CREATING", "DELETING", "DELETED", "FAILED", "NEEDS_ATTENTION", "UPDATING"),
    summary=(
        "name", "parentResourceId", "compartmentId", "lifecycleState", "description", "timeCreated", "timeUpdated",
    ),
    sorts=("TIMECREATED", "ID", "NAME"),
    details=_details,
)  # fmt: skip


async def create(exchange: Exchange) -> Response:
    """A return path below an email domain; without a name it is `<region label>.rp.<domain>`."""
    if repeated := await managed.replayed(exchange, KIND):
        return repeated
    body = fields.json_object(exchange, _CREATE)
    parent = fields.required_text(body, "parentResourceId")
    domain = await exchange.services.store.resources.get(exchange.account.id, "oci", "email-domain", parent)
    if domain is None:
        raise Refusal("https.404.not-found")
    region = regions.name(exchange.section.region)
    name = fields.optional_text(body, "name") or f"{regions.label(region)}.rp.{domain.key}"
    if not addresses.valid_domain(name) or not name.lower().endswith("." + domain.key):
        raise Refusal("https.400.invalid-parameter", parameter="name")
    data = {
        "name": name,
        "parentResourceId": domain.id,
        "compartmentId": domain.data["compartmentId"],
        **managed.common(body),
        "dnsSubdomainName": f"{name}.",
        "cnameRecordValue": regions.return_path_host(region),
        "lifecycleState": "CREATING",
        "lifecycleDetails": "",
        **lifecycle.pending(exchange.account.clock.now() + managed.took(exchange), "NEEDS_ATTENTION"),
    }
    identifier = ocid.make(exchange.account.ids, "emailreturnpath", region)
    return await managed.created(
        exchange, KIND, records.record(exchange.account, KIND.name, identifier, name.lower(), data)
    )


async def get(exchange: Exchange) -> Response:
    """One return path; `lifecycleDetails` say what it still needs."""
    await activation.of_return_paths(exchange.services, exchange.account, [await managed.named(exchange, KIND)])
    return await managed.shown(exchange, KIND, await managed.named(exchange, KIND))


async def list_(exchange: Exchange) -> Response:
    """The return paths of a compartment, of a domain, or of both."""
    compartment, parent = exchange.query.get("compartmentId"), exchange.query.get("parentResourceId")
    if not compartment and not parent:
        raise Refusal("https.400.missing-parameter", parameter="compartmentId")
    if compartment:
        await compartments.require_compartment(exchange, compartment)
    await activation.of_return_paths(exchange.services, exchange.account, await _of(exchange, compartment, parent))
    return await managed.page(exchange, KIND, await _of(exchange, compartment, parent))


async def _of(exchange: Exchange, compartment: str | None, parent: str | None) -> list[Resource]:
    rows = await exchange.services.store.resources.all(exchange.account.id, "oci", KIND.name)
    return [
        row
        for row in rows
        if compartment in (None, "", row.data["compartmentId"]) and parent in (None, "", row.data["parentResourceId"])
    ]


async def update(exchange: Exchange) -> Response:
    """Replace the description or tags that are given."""
    row = await managed.named(exchange, KIND)
    return await managed.changed(exchange, KIND, row, managed.common(fields.json_object(exchange, _UPDATE)))


async def delete(exchange: Exchange) -> Response:
    """Return to the service's own return path."""
    return await managed.deleted(exchange, KIND, await managed.named(exchange, KIND))


OPERATIONS = (
    Operation(name="createEmailReturnPath", method="POST", path="/emailReturnPaths", call=create),
    Operation(name="getEmailReturnPath", method="GET", path="/emailReturnPaths/{emailReturnPathId}", call=get),
    Operation(name="listEmailReturnPaths", method="GET", path="/emailReturnPaths", call=list_),
    Operation(name="updateEmailReturnPath", method="PUT", path="/emailReturnPaths/{emailReturnPathId}", call=update),
    Operation(name="deleteEmailReturnPath", method="DELETE", path="/emailReturnPaths/{emailReturnPathId}", call=delete),
    *lockable.operations(KIND, "ReturnPathLock"),
)
