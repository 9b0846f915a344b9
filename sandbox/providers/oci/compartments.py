"""Compartments, the tenancy, and entity tags: what operations on any kind of resource check first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci import ocid
from sandbox.providers.oci.identity import Identity, identity_of
from sandbox.wire.http import Exchange

_COURSE = frozenset(
    {"pending", "lifecycleState", "lifecycleDetails", "timeUpdated", "timeActivated", "activeDkimId", "isSpf"}
)
HIDDEN = "https.404.not-found"
"""The answer that does not tell absent from forbidden."""


async def identity(exchange: Exchange) -> Identity:
    """The identity of the account that calls."""
    found = await identity_of(exchange.services, exchange.account)
    if found is None:
        raise Refusal(HIDDEN)
    return found


async def require_compartment(exchange: Exchange, compartment: str) -> None:
    """Refuse a compartment that is not the account's; a permissive sandbox takes any that has the form of one."""
    own = await identity(exchange)
    if compartment in (own.tenancy, own.compartment):
        return
    if await exchange.services.store.resources.get(exchange.account.id, "oci", "compartment", compartment):
        return
    if not exchange.services.permissive or ocid.kind(compartment) not in ("compartment", "tenancy"):
        raise Refusal(HIDDEN)


def require_tenancy(exchange: Exchange, own: Identity, compartment: str) -> None:
    """Refuse a compartment other than the root one, in which suppressions and configuration live."""
    if compartment == own.tenancy or (exchange.services.permissive and ocid.kind(compartment) == "tenancy"):
        return
    raise Refusal("https.400.invalid-parameter", parameter="compartmentId")


async def resource(exchange: Exchange, kind: str, parameter: str) -> Resource:
    """The resource that the path names, or the answer that hides whether there is one."""
    name = exchange.parameters[parameter]
    found = await exchange.services.store.resources.get(exchange.account.id, "oci", kind, name)
    if found is None:
        raise Refusal(HIDDEN)
    return found


def etag(name: str, data: Mapping[str, Any]) -> str:
    """The entity tag of a resource's data; it changes with what users change, not with the course of its life."""
    kept = {field: value for field, value in data.items() if field not in _COURSE}
    state = json.dumps([name, kept], sort_keys=True)
    return hashlib.sha256(state.encode()).hexdigest()[:40]


def check_match(exchange: Exchange, name: str, data: Mapping[str, Any]) -> None:
    """Refuse a change whose `if-match` names another state than that of the data."""
    wanted = exchange.headers.get("if-match")
    if wanted is not None and wanted.strip().strip('"') not in ("*", etag(name, data)):
        raise Refusal("https.412.etag")
