"""Policy statements: read, and asked whether a user may do something to a resource of a compartment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sandbox.core.accounts import Account
from sandbox.core.model import Principal, Resource
from sandbox.core.services import Services
from sandbox.providers.oci.identity import identity_of

VERBS = ("inspect", "read", "use", "manage")
"""Each includes those before it."""
EMAIL = frozenset({"approved-senders", "suppressions", "email-domains", "email-work-requests", "email-ip-pools"})
"""What `email-family` stands for."""
EVERYTHING = "all-resources"
PERMISSIONS: Mapping[str, tuple[str, str]] = {
    f"{head}_{word}": (verb, resource)
    for head, resource in (
        ("APPROVED_SENDER", "approved-senders"),
        ("SUPPRESSION", "suppressions"),
        ("EMAIL_DOMAIN", "email-domains"),
    )
    for word, verb in (
        ("INSPECT", "inspect"), ("READ", "read"), ("USE", "use"), ("UPDATE", "use"), ("CREATE", "manage"),
        ("DELETE", "manage"), ("MOVE", "manage"),
    )
}  # fmt: skip
"""Single permissions, as statements name them between braces: the verb and the resource type that they stand for."""
DEPTH = 8
"""Compartments within compartments."""
_NAME = r"(?:'[^']*'|[^\s,'{}]+)(?:/(?:'[^']*'|[^\s,'{}]+))?"
_STATEMENT = re.compile(
    rf"(?P<effect>allow|endorse|admit|define)\s+"
    rf"(?:(?P<any>any-user|any-group)|(?P<kind>group|dynamic-group|service)\s+(?P<names>(?:id\s+)?{_NAME}(?:\s*,\s*(?:id\s+)?{_NAME})*))"
    rf"\s+to\s+(?:(?P<verb>inspect|read|use|manage)\s+(?P<resource>[a-z0-9-]+)|\{{(?P<permissions>[^{{}}]+)\}})"
    rf"\s+in\s+(?:(?P<tenancy>tenancy)|compartment\s+(?:id\s+(?P<id>\S+)|(?P<compartment>{_NAME}(?::{_NAME})*)))"
    rf"(?:\s+where\s+(?P<where>.+))?",
    re.IGNORECASE | re.DOTALL,
)
LENGTH = 4_096
"""Characters of a statement."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one statement allows."""

    everybody: bool
    groups: frozenset[str]
    """Names in lower case, and identifiers."""
    grants: frozenset[tuple[str, str]]
    """(verb, resource type)."""
    compartment: str | None
    """Name in lower case or identifier; None for the compartment of the policy and all below it."""

    def covers(self, verb: str, resource: str) -> bool:
        """Whether some grant includes a verb on a resource type."""
        wanted = VERBS.index(verb)
        return any(VERBS.index(given) >= wanted and _includes(kind, resource) for given, kind in self.grants)


def _includes(kind: str, resource: str) -> bool:
    return kind in (EVERYTHING, resource) or (kind == "email-family" and resource in EMAIL)


@lru_cache(maxsize=1024)
def parse(text: str) -> Statement | None:
    """Read a statement; None for one about services or other tenancies, which allow users nothing here.

    `ValueError` for what is no statement. Conditions (`where …`) are taken as fulfilled.
    """
    match = _STATEMENT.fullmatch(" ".join(text.split())) if len(text) <= LENGTH else None
    if match is None:
        raise ValueError(f"{text[:200]!r} is not a policy statement")
    if match["effect"].lower() != "allow" or (match["kind"] or "group").lower() != "group":
        return None
    place = match["id"] or (match["compartment"] and _plain(match["compartment"].rpartition(":")[2]))
    names = re.split(r"\s*,\s*", match["names"] or "")
    return Statement(
        everybody=bool(match["any"]),
        groups=frozenset(_plain(name.partition(" ")[2] if name.lower().startswith("id ") else name) for name in names),
        grants=_grants(match),
        compartment=place or None,
    )


def _grants(match: re.Match[str]) -> frozenset[tuple[str, str]]:
    if match["verb"]:
        return frozenset({(match["verb"].lower(), match["resource"].lower())})
    words = [word.strip().upper() for word in match["permissions"].split(",")]
    return frozenset(PERMISSIONS[word] for word in words if word in PERMISSIONS)


def _plain(name: str) -> str:
    """A group's or compartment's name without quotes and without the identity domain in front of it, in lower case."""
    return name.replace("'", "").rpartition("/")[2].strip().lower()


async def allowed(
    services: Services, account: Account, principal: Principal, verb: str, resource: str, compartment: str
) -> bool:
    """Whether a user may do something to a type of resource in a compartment."""
    question = (__name__, account.id, principal.user, verb, resource, compartment)
    return await services.store.resources.conclude(
        question, lambda: _allowed(services, account, principal, verb, resource, compartment)
    )


async def _allowed(
    services: Services, account: Account, principal: Principal, verb: str, resource: str, compartment: str
) -> bool:
    resources = services.store.resources
    memberships = await resources.all(account.id, "oci", "membership")
    mine = {one.data["groupId"] for one in memberships if one.data["userId"] == principal.user}
    groups = mine | {group.key for group in await resources.all(account.id, "oci", "group") if group.id in mine}
    above = await _above(services, account, compartment)
    return any(
        (statement.everybody or groups & statement.groups)
        and statement.covers(verb, resource)
        and _within(statement, policy, above)
        for policy in await resources.all(account.id, "oci", "policy")
        for statement in _statements(policy)
    )


def _statements(policy: Resource) -> Iterable[Statement]:
    return filter(None, (parse(text) for text in policy.data["statements"]))


def _within(statement: Statement, policy: Resource, above: list[frozenset[str]]) -> bool:
    """Whether the statement's place is the compartment or one above it, and the policy is attached there or higher."""
    attached = next((at for at, names in enumerate(above) if policy.data["compartmentId"] in names), None)
    if attached is None:
        return False
    return statement.compartment is None or any(statement.compartment in names for names in above[: attached + 1])


async def _above(services: Services, account: Account, compartment: str) -> list[frozenset[str]]:
    """The compartment and those above it up to the tenancy, each by identifier and name."""
    found: list[frozenset[str]] = []
    own = await identity_of(services, account)
    for _ in range(DEPTH):
        row = await services.store.resources.get(account.id, "oci", "compartment", compartment)
        if row is None:
            break
        found.append(frozenset({row.id, row.key}))
        compartment = row.data["compartmentId"]
    return [*found, frozenset({own.tenancy})] if own else found
