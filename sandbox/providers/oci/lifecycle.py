"""The states of resources on the account's clock: what was to happen by now happens, dated when it was due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.services import Services

KINDS = ("email-domain", "dkim", "return-path", "ip-pool", "outbound-ip", "retry-token")
"""Kinds of resources that something may be pending for."""
PENDING = "pending"
"""Field of a resource's data: `{"at": Unix seconds, "state": the next one, "data": what else changes}`."""
GONE = "GONE"
"""The next state of what ceases to exist."""


def pending(at: float, state: str, **data: Any) -> dict[str, Any]:
    """What is to become of a resource at a moment, as the fields to store with it."""
    return {PENDING: {"at": at, "state": state, "data": data}}


async def settle(services: Services, account: Account) -> None:
    """Bring every resource of the account to the state that it has by now."""
    now = account.clock.now()
    for kind in KINDS:
        for row in await services.store.resources.all(account.id, "oci", kind):
            wish = row.data.get(PENDING)
            if wish is not None and wish["at"] <= now:
                await _happen(services, row, wish)


async def _happen(services: Services, row: Resource, wish: Mapping[str, Any]) -> None:
    if wish["state"] == GONE:
        await services.store.resources.remove(row)
        return

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        if data.get(PENDING) != wish:  # another request was quicker
            return data
        rest = {name: value for name, value in data.items() if name != PENDING}
        return {**rest, **wish["data"], "lifecycleState": wish["state"], "timeUpdated": to_iso(wish["at"])}

    await services.store.resources.change(row, wish["at"], edit)


def check_state(data: Mapping[str, Any]) -> None:
    """Refuse to change what is being made, changed or deleted already."""
    if data.get(PENDING) is not None and data.get("lifecycleState") in ("CREATING", "UPDATING", "DELETING"):
        raise Refusal("https.409.incorrect-state")
