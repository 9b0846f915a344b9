"""Users, groups, policies and compartments of identity, `/20160918`, as far as sending mail depends on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import compartments, fields, listing, ocid, policies, records, retry_tokens
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

_SORTS = ("TIMECREATED", "NAME")
_NAME = re.compile(r"[\w.@+ -]{1,100}")
STATEMENTS = 50
"""Statements of one policy."""
Body = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of identity resource, as data."""

    name: str
    """Kind in the store."""
    collection: str
    parameter: str
    title: str
    """As in the names of operations: `User`."""
    create: Sequence[str]
    """Fields of a request that makes one."""
    update: Sequence[str]
    fields: Sequence[str]
    """Fields of answers, besides the id."""
    make: Callable[[Exchange, str, Body], Resource]
    """(exchange, compartment, body) → the new resource."""
    extra: Mapping[str, Any]
    """What every answer says besides."""
    compartment: bool = False
    """Whether it lives in a compartment; otherwise in the tenancy."""


def shape(kind: Kind, row: Resource) -> dict[str, Any]:
    """A resource as the service shows it."""
    shown = {name: row.data.get(name) for name in kind.fields}
    tags = {name: row.data.get(name) or {} for name in fields.TAG_FIELDS}
    return {"id": row.id, **shown, "lifecycleState": "ACTIVE", "inactiveStatus": None, **tags, **kind.extra}


def _shown(kind: Kind, row: Resource) -> Response:
    return answer(shape(kind, row), headers={"etag": compartments.etag(row.id, row.data)})


def _user(exchange: Exchange, compartment: str, body: Body) -> Resource:
    made = ocid.make(exchange.account.ids, "user")
    return records.user(exchange.account, tenancy=compartment, identifier=made, **_named(body))


def _group(exchange: Exchange, compartment: str, body: Body) -> Resource:
    made = ocid.make(exchange.account.ids, "group")
    return records.group(exchange.account, tenancy=compartment, identifier=made, **_named(body))


def _compartment(exchange: Exchange, compartment: str, body: Body) -> Resource:
    made = ocid.make(exchange.account.ids, "compartment")
    return records.compartment(exchange.account, identifier=made, parent=compartment, **_named(body))


def _policy(exchange: Exchange, compartment: str, body: Body) -> Resource:
    return records.policy(exchange.account, compartment=compartment, statements=statements(body), **_named(body))


def _named(body: Body) -> dict[str, str]:
    name = fields.required_text(body, "name")
    if not _NAME.fullmatch(name):
        raise Refusal("https.400.invalid-parameter", parameter="name")
    return {"name": name, "description": fields.text(body, "description", 400) or ""}


def statements(body: Body) -> list[str]:
    """The statements of a policy; 400 InvalidParameter when one of them can't be understood."""
    found = fields.list_of(body, "statements")
    if not found:
        raise Refusal("https.400.missing-parameter", parameter="statements")
    try:
        for text in found:
            policies.parse(str(text))
    except ValueError as error:
        raise Refusal("https.400.invalid-parameter", parameter="statements") from error
    if len(found) > STATEMENTS:
        raise Refusal("https.400.limit")
    return [str(text) for text in found]


_CAPABILITIES = dict.fromkeys(
    (
        "canUseConsolePassword",
        "canUseApiKeys",
        "canUseAuthTokens",
        "canUseSmtpCredentials",
        "canUseDbCredentials",
        "canUseCustomerSecretKeys",
        "canUseOAuth2ClientCredentials",
    ),
    True,
)
_CREATE = ("compartmentId", "name", "description", *fields.TAG_FIELDS)
_FIELDS = ("compartmentId", "name", "description", "timeCreated")
USERS = Kind(
    name="user",
    collection="/users",
    parameter="userId",
    title="User",
    create=(*_CREATE, "email"),
    update=("description", "email", "dbUserName", *fields.TAG_FIELDS),
    fields=(*_FIELDS, "email"),
    make=_user,
    extra={"isMfaActivated": False, "emailVerified": False, "capabilities": _CAPABILITIES},
)
GROUPS = Kind(
    name="group",
    collection="/groups",
    parameter="groupId",
    title="Group",
    create=_CREATE,
    update=("description", *fields.TAG_FIELDS),
    fields=_FIELDS,
    make=_group,
    extra={},
)
POLICIES = Kind(
    name="policy",
    collection="/policies",
    parameter="policyId",
    title="Policy",
    create=(*_CREATE, "statements", "versionDate"),
    update=("description", "statements", "versionDate", *fields.TAG_FIELDS),
    fields=(*_FIELDS, "statements", "versionDate"),
    make=_policy,
    extra={},
    compartment=True,
)
COMPARTMENTS = Kind(
    name="compartment",
    collection="/compartments",
    parameter="compartmentId",
    title="Compartment",
    create=_CREATE,
    update=("name", "description", *fields.TAG_FIELDS),
    fields=_FIELDS,
    make=_compartment,
    extra={"isAccessible": True},
    compartment=True,
)
KINDS = (USERS, GROUPS, POLICIES, COMPARTMENTS)


def operations(kind: Kind) -> tuple[Operation, ...]:
    """Create, get, list, update and delete of a kind."""

    async def create(exchange: Exchange) -> Response:
        if earlier := await retry_tokens.earlier(exchange):
            return _shown(kind, earlier[0])
        body = fields.json_object(exchange, kind.create)
        compartment = fields.required_text(body, "compartmentId")
        await _check_place(exchange, kind, compartment)
        row = kind.make(exchange, compartment, body)
        row = records.extended(row, {**fields.tags(body), **_optional(kind, body)})
        try:
            await exchange.services.store.resources.add_all([row, *retry_tokens.row(exchange, row)])
        except DuplicateKeyError as error:
            raise Refusal("https.409.already-exists") from error
        return _shown(kind, row)

    async def get(exchange: Exchange) -> Response:
        return _shown(kind, await compartments.resource(exchange, kind.name, kind.parameter))

    async def list_(exchange: Exchange) -> Response:
        compartment, name = exchange.query["compartmentId"], exchange.query.get("name")
        await _check_place(exchange, kind, compartment)
        found = [
            row
            for row in await exchange.services.store.resources.all(exchange.account.id, "oci", kind.name)
            if row.data["compartmentId"] == compartment and name in (None, row.data["name"])
        ]
        return listing.page(exchange, found, lambda row: shape(kind, row), sorts=listing.sorted_by(*_SORTS))

    async def update(exchange: Exchange) -> Response:
        row = await compartments.resource(exchange, kind.name, kind.parameter)
        body = fields.json_object(exchange, kind.update)
        changes = {**fields.tags(body), **_optional(kind, body)}
        if "statements" in body:
            changes["statements"] = statements(body)

        def edit(data: dict[str, Any]) -> dict[str, Any]:
            compartments.check_match(exchange, row.id, data)
            return {**data, **changes}

        now = exchange.account.clock.now()
        return _shown(kind, await exchange.services.store.resources.change(row, now, edit))

    async def delete(exchange: Exchange) -> Response:
        row = await compartments.resource(exchange, kind.name, kind.parameter)
        compartments.check_match(exchange, row.id, row.data)
        await exchange.services.store.resources.remove(row)
        await _remove_memberships(exchange, row.id)
        return answer(None, 204)

    one = f"{kind.collection}/{{{kind.parameter}}}"
    plural = "Policies" if kind.title == "Policy" else f"{kind.title}s"
    listed = ("compartmentId",)
    return (
        Operation(name=f"create{kind.title}", method="POST", path=kind.collection, call=create),
        Operation(name=f"get{kind.title}", method="GET", path=one, call=get),
        Operation(name=f"list{plural}", method="GET", path=kind.collection, call=list_, required=listed),
        Operation(name=f"update{kind.title}", method="PUT", path=one, call=update),
        Operation(name=f"delete{kind.title}", method="DELETE", path=one, call=delete),
    )


def _optional(kind: Kind, body: Body) -> dict[str, Any]:
    """The texts of a body that may be changed."""
    known = {"description", "email", "versionDate", "name"} & set(kind.update) & set(body)
    return {name: fields.text(body, name, 400) for name in sorted(known)}


async def _check_place(exchange: Exchange, kind: Kind, compartment: str) -> None:
    if kind.compartment:
        await compartments.require_compartment(exchange, compartment)
    else:
        compartments.require_tenancy(exchange, await compartments.identity(exchange), compartment)


async def _remove_memberships(exchange: Exchange, gone: str) -> None:
    """End the memberships of a user or a group that is no more, and drop the user's credentials."""
    resources = exchange.services.store.resources
    for name, about in (
        ("membership", ("userId", "groupId")),
        ("smtp-credential", ("userId",)),
        ("api-key", ("userId",)),
    ):
        for row in await resources.all(exchange.account.id, "oci", name):
            if gone in [row.data.get(one) for one in about]:
                await resources.remove(row)


OPERATIONS = tuple(operation for kind in KINDS for operation in operations(kind))
