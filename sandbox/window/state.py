"""What the providers know of an account: resources without their secrets, quota used and left, suppressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Resource
from sandbox.core.policy import SuppressionCause, SuppressionReason
from sandbox.core.quota import DAY, MINUTE
from sandbox.core.services import ProviderState
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.operation import Operation, Parameter
from sandbox.window.problems import Problem, json_answer
from sandbox.window.schemas import TEXT

SHOWN = 500
"""Resources of one kind that an answer shows; `total` counts all."""
MASKED = "••••••••"
_SECRET = re.compile(r"pass|secret|private|token|api_?key$", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s\x00-\x1f]{1,255}@[^@\s\x00-\x1f]{1,255}")


async def show(call: Call) -> Response:
    """GET /state."""
    await call.settle()
    owned = await call.services.store.resources.owned(call.account.id)
    kinds = [_kind(*name, list(rows)) for name, rows in groupby(owned, lambda one: (one.provider, one.kind))]
    providers = [await used_quota(call, state) for state in call.services.providers.values()]
    return json_answer({"clock": shapes.clock(call.account), "providers": providers, "resources": kinds})


async def used_quota(call: Call, state: ProviderState) -> dict[str, Any]:
    """A provider with what the account has used and has left of its sending limits."""
    limits = state.rules.limits(call.account)
    used = (await call.services.accounts.ledger(call.account, state.name)).used(call.now)
    windows = ((MINUTE, used.minute, limits.per_minute), (DAY, used.day, limits.per_day))
    return {"name": state.name, "region": state.region, "quota": [_window(*window) for window in windows]}


def _window(seconds: int, used: int, limit: int | None) -> dict[str, Any]:
    return {"seconds": seconds, "used": used, "limit": limit, "left": None if limit is None else max(0, limit - used)}


def _kind(provider: str, kind: str, rows: list[Resource]) -> dict[str, Any]:
    return {
        "provider": provider,
        "kind": kind,
        "items": [_resource(one) for one in rows[-SHOWN:]],
        "total": len(rows),
    }


def _resource(one: Resource) -> dict[str, Any]:
    return {
        "id": one.id,
        "key": one.key,
        "created": to_iso(one.created),
        "updated": to_iso(one.updated),
        "data": masked(one.data),
    }


def masked(value: Any) -> Any:
    """The value with everything below a name that tells of a secret replaced."""
    if isinstance(value, Mapping):
        return {name: MASKED if _SECRET.search(str(name)) and each else masked(each) for name, each in value.items()}
    return [masked(each) for each in value] if isinstance(value, list | tuple) else value


async def suppress(call: Call) -> Response:
    """POST /suppressions."""
    wish = await call.json()
    address = wish.get("address")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise Problem(400, "bad-address", "address is an email address such as ann@example.net")
    row = await _entry(call, wish.get("provider"), address)
    try:
        added = await call.services.store.resources.add(row)
    except DuplicateKeyError as error:
        raise Problem(409, "suppressed-already", f"{address} is on the suppression list already") from error
    return json_answer({"provider": added.provider, "kind": added.kind, **_resource(added)}, 201)


async def unsuppress(call: Call) -> Response:
    """DELETE /suppressions."""
    address = call.text("address")
    wanted = await _entry(call, call.text("provider") or None, address)
    resources = call.services.store.resources
    found = await resources.find(call.account.id, wanted.provider, wanted.kind, wanted.key)
    if found is None:
        raise NotFoundError(f"{address[:80]!r} is not on the suppression list of {wanted.provider}")
    await resources.remove(found)
    return json_answer({"removed": 1})


async def _entry(call: Call, provider: object, address: str) -> Resource:
    """The entry that the provider itself would make for an address put on its list by hand."""
    states = call.services.providers
    name = next(iter(states)) if provider is None and len(states) == 1 else provider
    if not isinstance(name, str) or name not in states:
        raise Problem(400, "bad-provider", f"provider is one of {', '.join(states)}")
    cause = SuppressionCause(reason=SuppressionReason.MANUAL, detail="", source="", message_id="")
    row = await states[name].rules.suppression(call.account, address, cause)
    if row is None:
        raise Problem(409, "no-suppression-list", f"{name} keeps no suppression list for this account")
    return row


OPERATIONS = (
    Operation(
        method="GET",
        path="/state",
        handler=show,
        summary="What the providers know: quota used and left, resources by kind with secrets masked, the clock",
        answer="State",
    ),
    Operation(
        method="POST",
        path="/suppressions",
        handler=suppress,
        summary="Put an address on a provider's suppression list",
        answer="Suppression",
        body={"type": "object", "required": ["address"], "properties": {"address": TEXT, "provider": TEXT}},
        status=201,
        also={400: "a field is wrong", 409: "it is on the list already"},
    ),
    Operation(
        method="DELETE",
        path="/suppressions",
        handler=unsuppress,
        summary="Take an address off a provider's suppression list",
        answer="Removed",
        parameters=(
            Parameter(name="address", about="the address"),
            Parameter(name="provider", about="whose list; may be left out when only one provider runs"),
        ),
        also={400: "a parameter can't be understood", 404: "it is not on the list"},
    ),
)
"""What the table of the inspection API has on the state of providers."""
