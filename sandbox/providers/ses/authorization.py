"""Who may send in the name of an identity: its own account, and others that a policy of the identity lets."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.core.model import Resource
from sandbox.providers.ses import identity, verification

if TYPE_CHECKING:
    from sandbox.providers.ses.review import Case

ACTIONS = ("ses:SendEmail", "ses:SendRawEmail", "ses:SendTemplatedEmail", "ses:SendBulkTemplatedEmail")


async def may_send(case: Case, address: str) -> bool:
    """Whether the account may send as `address`: by its own identity, or one that it names and that allows it."""
    return await identity_of(case, address) is not None


async def identity_of(case: Case, address: str) -> Resource | None:
    """The verified identity in whose name `address` sends; None when there is none."""
    await verification.settle_for(case.services, case.account, address)
    found = await identity.sending(case.services, case.account, address)
    return found or await _lent(case, address)


async def _lent(case: Case, address: str) -> Resource | None:
    """An identity of another account that the submission names by its ARN, if that account's policies allow it."""
    for arn in filter(None, (case.attributes.get(name) for name in ("source_arn", "from_arn", "return_arn"))):
        parts = str(arn).split(":", 5)
        if len(parts) != 6 or parts[2] != "ses" or not parts[5].startswith("identity/"):
            continue
        name = parts[5].removeprefix("identity/")
        if identity.key_of(name) not in {identity.key_of(one) for one in identity.candidates(address)}:
            continue
        for found in await case.services.store.resources.anywhere("ses", identity.KIND, identity.key_of(name)):
            if (
                await _number(case, found.account) == parts[4]
                and identity.verified(found)
                and _allowed(case, found, arn)
            ):
                return found
    return None


async def _number(case: Case, account: str) -> str:
    rows = await case.services.store.resources.all(account, "ses", "account")
    return rows[0].key if rows else ""


def _allowed(case: Case, found: Resource, arn: str) -> bool:
    """Whether a policy allows the caller to send, and none denies it; conditions are not evaluated."""
    decided = [
        statement.get("Effect")
        for text in found.data.get("policies", {}).values()
        for statement in _statements(text)
        if _applies(statement, case.submission.principal.user, arn)
    ]
    return "Allow" in decided and "Deny" not in decided


def _statements(text: str) -> Iterable[Mapping[str, Any]]:
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = policy.get("Statement", []) if isinstance(policy, dict) else []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _applies(statement: Mapping[str, Any], user: str, arn: str) -> bool:
    actions = _listed(statement.get("Action"))
    resources = _listed(statement.get("Resource", "*"))
    return (
        any(fnmatch.fnmatchcase(action, wish) for wish in actions for action in ACTIONS)
        and any(fnmatch.fnmatchcase(arn, wish) for wish in resources)
        and _is_principal(statement.get("Principal"), user)
    )


def _is_principal(given: Any, user: str) -> bool:
    named = _listed(given.get("AWS")) if isinstance(given, dict) else _listed(given)
    number = user.split(":")[4] if user.count(":") >= 5 else ""
    accepted = {"*", user, number, f"arn:aws:iam::{number}:root"}
    return bool(accepted & set(named))


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value is not None else []
