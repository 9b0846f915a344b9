"""Receipt rule sets: making, copying, ordering, and choosing the one that is in force."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError, Edit
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.receiving.matching import Rule
from sandbox.providers.ses.records import RULE_SET, record

KIND = RULE_SET
RULE_SETS = 40
"""Rule sets that an account may have (developer guide, email receiving quotas)."""
NAME_LENGTH = 64
PAGE = 100
PATTERN = "^[a-zA-Z0-9_.-]+$"
_NAME = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?")


async def active(services: Services, account: Account) -> Resource | None:
    """The rule set in force, None when mail is not received."""
    found = await services.store.resources.all(account.id, "ses", KIND)
    return next((one for one in found if one.data["active"]), None)


async def active_rules(services: Services, account: Account) -> Sequence[Rule]:
    """The rules in force, in their order."""
    found = await active(services, account)
    return list(found.data["rules"]) if found else []


def check_name(parameter: str, name: str) -> None:
    """Refuse a name that no rule, rule set or filter may have."""
    if not _NAME.fullmatch(name):
        problem = f"Value at '{parameter}' failed to satisfy constraint: Member must satisfy regular expression pattern"
        raise Refusal("api.ValidationError.constraint", parameter=f"1 validation error detected: {problem}: {PATTERN}")
    if len(name) > NAME_LENGTH:
        raise Refusal("api.ValidationError.name", parameter=parameter, resource=name)


async def existing(call: Call, name: str) -> Resource:
    """The rule set of a name; refuses when there is none."""
    found = await call.services.store.resources.find(call.account.id, "ses", KIND, name)
    if found is None:
        raise Refusal("api.RuleSetDoesNotExist.name", resource=name)
    return found


async def change_rules(call: Call, name: str, edit: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Replace the rules of a set by `edit(rules)`, which may refuse."""
    found = await existing(call, name)
    change = lambda data: {**data, "rules": edit([dict(rule) for rule in data["rules"]])}  # noqa: E731 - one edit
    await call.services.store.resources.change(found, call.now, change)


async def create_receipt_rule_set(call: Call) -> Mapping[str, Any]:
    """Make an empty rule set, which is not in force."""
    await _add(call, call.input["RuleSetName"], [])
    return {}


async def clone_receipt_rule_set(call: Call) -> Mapping[str, Any]:
    """Copy the rules of a set into a new one."""
    check_name("originalRuleSetName", call.input["OriginalRuleSetName"])
    original = await existing(call, call.input["OriginalRuleSetName"])
    await _add(call, call.input["RuleSetName"], original.data["rules"])
    return {}


async def _add(call: Call, name: str, rules: Sequence[Rule]) -> None:
    check_name("ruleSetName", name)
    store = call.services.store.resources
    if await store.find(call.account.id, "ses", KIND, name):
        raise Refusal("api.AlreadyExists.rule-set", resource=name)
    if len(await store.all(call.account.id, "ses", KIND)) >= RULE_SETS:
        raise Refusal("api.LimitExceeded.receiving", parameter="rule sets", limit=RULE_SETS)
    try:
        await store.add(record(call.account, KIND, name, {"active": False, "rules": list(rules)}))
    except DuplicateKeyError as error:
        raise Refusal("api.AlreadyExists.rule-set", resource=name) from error


async def describe_receipt_rule_set(call: Call) -> Mapping[str, Any]:
    """A rule set with its rules."""
    return _whole(await existing(call, call.input["RuleSetName"]))


async def describe_active_receipt_rule_set(call: Call) -> Mapping[str, Any]:
    """The rule set in force; nothing when there is none."""
    found = await active(call.services, call.account)
    return _whole(found) if found else {}


async def set_active_receipt_rule_set(call: Call) -> Mapping[str, Any]:
    """Put a rule set in force in place of any other, or none at all."""
    name = call.input.get("RuleSetName")
    chosen = await existing(call, name) if name else None
    rows = await call.services.store.resources.all(call.account.id, "ses", KIND)
    edits = [
        Edit(resource=row, at=call.now, edit=_activating(chosen is not None and row.id == chosen.id)) for row in rows
    ]
    await call.services.store.resources.change_all(edits)
    return {}


def _activating(on: bool) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda data: {**data, "active": on}


async def list_receipt_rule_sets(call: Call) -> Mapping[str, Any]:
    """The rule sets by name, without their rules."""
    rows = await call.services.store.resources.all(call.account.id, "ses", KIND)
    found, token = page(sorted(rows, key=lambda row: row.key), size=PAGE, token=call.input.get("NextToken"))
    listed: dict[str, Any] = {"RuleSets": [_metadata(row) for row in found]}
    return {**listed, **({"NextToken": token} if token else {})}


async def delete_receipt_rule_set(call: Call) -> Mapping[str, Any]:
    """Delete a rule set that is not in force; one that does not exist is no error."""
    name = call.input["RuleSetName"]
    found = await call.services.store.resources.find(call.account.id, "ses", KIND, name)
    if found is not None:
        if found.data["active"]:
            raise Refusal("api.CannotDelete.active-rule-set", resource=name)
        await call.services.store.resources.remove(found)
    return {}


async def reorder_receipt_rule_set(call: Call) -> Mapping[str, Any]:
    """Put the rules of a set in the order in which they are named; all must be."""
    names: Sequence[str] = call.input["RuleNames"]
    name_of_set = call.input["RuleSetName"]

    def edit(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        by_name = {rule["Name"]: rule for rule in rules}
        for name in names:
            if name not in by_name:
                raise Refusal("api.RuleDoesNotExist.name", resource=name)
        if sorted(names) != sorted(by_name):
            raise Refusal(
                "api.InvalidParameterValue.receiving", parameter="Not all rules are named", resource=name_of_set
            )
        return [by_name[name] for name in names]

    await change_rules(call, name_of_set, edit)
    return {}


def _metadata(row: Resource) -> dict[str, Any]:
    return {"Name": row.key, "CreatedTimestamp": row.created}


def _whole(row: Resource) -> dict[str, Any]:
    return {"Metadata": _metadata(row), "Rules": list(row.data["rules"])}


V1: Mapping[str, Handler] = {
    "CloneReceiptRuleSet": clone_receipt_rule_set,
    "CreateReceiptRuleSet": create_receipt_rule_set,
    "DeleteReceiptRuleSet": delete_receipt_rule_set,
    "DescribeActiveReceiptRuleSet": describe_active_receipt_rule_set,
    "DescribeReceiptRuleSet": describe_receipt_rule_set,
    "ListReceiptRuleSets": list_receipt_rule_sets,
    "ReorderReceiptRuleSet": reorder_receipt_rule_set,
    "SetActiveReceiptRuleSet": set_active_receipt_rule_set,
}
