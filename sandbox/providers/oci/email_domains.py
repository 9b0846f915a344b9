"""Email domains: the names that mail is sent from, to which DKIM keys and return paths belong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import Edit
from sandbox.providers.oci import (
    activation,
    addresses,
    compartments,
    fields,
    lifecycle,
    lockable,
    managed,
    ocid,
    published,
    records,
    regions,
)
from sandbox.wire.http import Exchange, Operation

MAILBOX_DOMAINS = frozenset(
    {
        "aol.com", "gmail.com", "gmx.com", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com", "live.com",
        "mail.com", "mail.ru", "me.com", "msn.com", "outlook.com", "proton.me", "protonmail.com", "qq.com", "yahoo.com",
        "yandex.com", "zoho.com",
    }
)  # fmt: skip
"""Public mailbox providers, whose domains nobody can claim."""
_CREATE = ("name", "compartmentId", "domainVerificationId", "description", *fields.TAG_FIELDS)
_UPDATE = ("domainVerificationId", "description", *fields.TAG_FIELDS)


async def _details(exchange: Exchange, row: Resource) -> Mapping[str, Any]:
    verification = row.data.get("domainVerificationId")
    return {
        "isSpf": await published.is_spf(exchange.services, exchange.account, row.key),
        "domainVerificationStatus": "DOMAINID" if verification else "NONE",
        "domainVerificationId": verification,
    }


KIND = managed.Kind(
    name="email-domain",
    collection="/emailDomains",
    parameter="emailDomainId",
    entity="emailDomain",
    operation="EMAIL_DOMAIN",
    states=("ACTIVE", "CREATING", "DELETING", "DELETED", "FAILED", "UPDATING"),
    summary=("name", "compartmentId", "lifecycleState", "activeDkimId", "description", "timeCreated"),
    sorts=("TIMECREATED", "ID", "NAME"),
    details=_details,
)


async def create(exchange: Exchange) -> Response:
    """A new domain of the tenancy; its name is unique in the region."""
    if repeated := await managed.replayed(exchange, KIND):
        return repeated
    body = fields.json_object(exchange, _CREATE)
    compartment, name = fields.required_text(body, "compartmentId"), fields.required_text(body, "name")
    await compartments.require_compartment(exchange, compartment)
    if not addresses.valid_domain(name) or name.lower() in MAILBOX_DOMAINS:
        raise Refusal("https.400.invalid-parameter", parameter="name")
    data = {
        "name": name,
        "compartmentId": compartment,
        "domainVerificationId": fields.optional_text(body, "domainVerificationId"),
        **managed.common(body),
        "lifecycleState": "CREATING",
        **lifecycle.pending(exchange.account.clock.now() + managed.took(exchange), "ACTIVE"),
    }
    identifier = ocid.make(exchange.account.ids, "emaildomain", regions.name(exchange.section.region))
    return await managed.created(
        exchange, KIND, records.record(exchange.account, KIND.name, identifier, name.lower(), data)
    )


async def get(exchange: Exchange) -> Response:
    """One domain; `isSpf` says what its DNS says at this moment."""
    await activation.of_domains(exchange.services, exchange.account, [await managed.named(exchange, KIND)])
    return await managed.shown(exchange, KIND, await managed.named(exchange, KIND))


async def list_(exchange: Exchange) -> Response:
    """The domains of a compartment."""
    compartment = exchange.query["compartmentId"]
    await compartments.require_compartment(exchange, compartment)
    await activation.of_domains(exchange.services, exchange.account, await _of_compartment(exchange, compartment))
    return await managed.page(exchange, KIND, await _of_compartment(exchange, compartment))


async def _of_compartment(exchange: Exchange, compartment: str) -> list[Resource]:
    rows = await exchange.services.store.resources.all(exchange.account.id, "oci", KIND.name)
    return [row for row in rows if row.data["compartmentId"] == compartment]


async def update(exchange: Exchange) -> Response:
    """Replace what is given; the name can't be changed."""
    row = await managed.named(exchange, KIND)
    body = fields.json_object(exchange, _UPDATE)
    changes = managed.common(body)
    if "domainVerificationId" in body:
        changes["domainVerificationId"] = fields.optional_text(body, "domainVerificationId")
    return await managed.changed(exchange, KIND, row, changes)


async def delete(exchange: Exchange) -> Response:
    """Delete the domain with its DKIM keys and return paths."""
    row = await managed.named(exchange, KIND)
    return await managed.deleted(exchange, KIND, row, await _below(exchange, row))


async def change_compartment(exchange: Exchange) -> Response:
    """Move the domain, and what belongs to it, to another compartment."""
    row = await managed.named(exchange, KIND)
    compartment = fields.required_text(fields.json_object(exchange, ("compartmentId",)), "compartmentId")
    await compartments.require_compartment(exchange, compartment)
    move, now = {"compartmentId": compartment}, exchange.account.clock.now()
    below = [Edit(resource=one, at=now, edit=lambda data: {**data, **move}) for one in await _below(exchange, row)]
    return await managed.changed(exchange, KIND, row, move, below, verb="MOVE")


async def _below(exchange: Exchange, domain: Resource) -> list[Resource]:
    """The DKIM keys and return paths of a domain."""
    resources, account = exchange.services.store.resources, exchange.account.id
    found = [row for kind in ("dkim", "return-path") for row in await resources.all(account, "oci", kind)]
    return [row for row in found if domain.id in (row.data.get("emailDomainId"), row.data.get("parentResourceId"))]


OPERATIONS = (
    Operation(name="createEmailDomain", method="POST", path="/emailDomains", call=create),
    Operation(name="getEmailDomain", method="GET", path="/emailDomains/{emailDomainId}", call=get),
    Operation(name="listEmailDomains", method="GET", path="/emailDomains", call=list_, required=("compartmentId",)),
    Operation(name="updateEmailDomain", method="PUT", path="/emailDomains/{emailDomainId}", call=update),
    Operation(name="deleteEmailDomain", method="DELETE", path="/emailDomains/{emailDomainId}", call=delete),
    Operation(
        name="changeEmailDomainCompartment",
        method="POST",
        path="/emailDomains/{emailDomainId}/actions/changeCompartment",
        call=change_compartment,
    ),
    *lockable.operations(KIND, "EmailDomainLock"),
)
