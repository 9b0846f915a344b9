"""Things that have a name: found, made and listed, with the refusals that every family words alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses.call import Call
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.records import record


async def existing(call: Call, kind: str, name: str, missing: str) -> Resource:
    """The resource of a name; refuses with the row `missing` when there is none."""
    found = await call.services.store.resources.find(call.account.id, "ses", kind, name)
    if found is None:
        raise Refusal(missing, resource=name)
    return found


async def add(call: Call, kind: str, name: str, data: Mapping[str, Any], taken: str) -> Resource:
    """Make a resource; refuses with the row `taken` when the name is another's."""
    try:
        return await call.services.store.resources.add(record(call.account, kind, name, data))
    except DuplicateKeyError as error:
        raise Refusal(taken, resource=name) from error


async def change(call: Call, row: Resource, **changes: Any) -> Resource:
    """Replace some of a resource's data."""
    return await call.services.store.resources.change(row, call.now, lambda data: {**data, **changes})


async def rows(call: Call, kind: str) -> list[Resource]:
    """All of the account's resources of a kind, oldest first."""
    return await call.services.store.resources.all(call.account.id, "ses", kind)


def listing(call: Call, member: str, found: Sequence[Resource], shown: Callable[[Resource], Any]) -> dict[str, Any]:
    """A page of a list as the operations answer it: the items under `member`, and `NextToken` when there are more."""
    items, token = page(found, size=call.input.get("PageSize"), token=call.input.get("NextToken"))
    return {member: [shown(row) for row in items], "NextToken": token}
