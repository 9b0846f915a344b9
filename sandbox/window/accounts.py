"""Accounts: isolated owners, for tests that share a sandbox; and starting one over."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.window.call import Call
from sandbox.window.problems import Problem, json_answer

MOST = 10_000
"""Accounts of one sandbox."""


async def show_list(call: Call) -> Response:
    """GET /accounts, the ready-made one first."""
    found = [
        {
            **await call.controls.connection(account),
            "created": to_iso(account.created),
            "ready_made": account.ready_made,
        }
        for account in call.services.accounts.all()
    ]
    return json_answer({"items": found, "next": None, "total": len(found)})


async def add(call: Call) -> Response:
    """POST /accounts."""
    await call.json()
    if len(call.services.accounts.all()) >= MOST:
        raise Problem(409, "too-many-accounts", f"there are {MOST} accounts; remove some")
    return json_answer(await call.controls.new_account(), 201)


async def remove(call: Call) -> Response:
    """DELETE /accounts/{id}."""
    account = call.services.accounts.get(call.path("id"))
    if account.ready_made:
        raise Problem(409, "ready-made-account", "the ready-made account can be reset but not removed")
    await call.services.accounts.remove(account)
    return json_answer({"removed": 1})


async def reset(call: Call) -> Response:
    """POST /reset."""
    await call.json()
    await call.controls.reset(call.account)
    return json_answer({"account": call.account.id})
