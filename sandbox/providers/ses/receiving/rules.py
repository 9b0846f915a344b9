"""Receipt rules: each within its rule set, at its place, with actions that were looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.receiving import checks
from sandbox.providers.ses.receiving.rule_sets import change_rules, check_name, existing
from sandbox.providers.ses.sns import topics

RULES = 200
"""Rules that a set may have (developer guide, email receiving quotas)."""


async def create_receipt_rule(call: Call) -> Mapping[str, Any]:
    """Add a rule behind the one named by `After`, or at the beginning."""
    name, after = call.input["RuleSetName"], call.input.get("After")
    check_name("ruleSetName", name)
    await existing(call, name)
    rule = checks.checked(call.input["Rule"])
    await _check_topics(call, rule)

    def edit(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if any(one["Name"] == rule["Name"] for one in rules):
            raise Refusal("api.AlreadyExists.rule", resource=rule["Name"])
        if len(rules) >= RULES:
            raise Refusal("api.LimitExceeded.receiving", parameter="rules", limit=RULES)
        return _placed(rules, rule, after)

    await change_rules(call, name, edit)
    return {}


async def update_receipt_rule(call: Call) -> Mapping[str, Any]:
    """Replace a rule at its place."""
    await existing(call, call.input["RuleSetName"])
    rule = checks.checked(call.input["Rule"])
    await _check_topics(call, rule)

    def edit(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rules[_place(rules, rule["Name"])] = rule
        return rules

    await change_rules(call, call.input["RuleSetName"], edit)
    return {}


async def _check_topics(call: Call, rule: Mapping[str, Any]) -> None:
    """Refuse a rule that would tell a topic which does not exist."""
    wanted = [options["TopicArn"] for action in rule["Actions"] for options in action.values() if "TopicArn" in options]
    for arn in wanted:
        if not call.services.permissive and await topics.topic(call.services, call.account, arn) is None:
            raise Refusal("api.InvalidSnsTopic.topic", resource=arn)


async def describe_receipt_rule(call: Call) -> Mapping[str, Any]:
    """One rule."""
    rules = (await existing(call, call.input["RuleSetName"])).data["rules"]
    return {"Rule": rules[_place(rules, call.input["RuleName"])]}


async def delete_receipt_rule(call: Call) -> Mapping[str, Any]:
    """Remove a rule from its set; one that is not there is no error."""
    name = call.input["RuleName"]
    await change_rules(call, call.input["RuleSetName"], lambda rules: [one for one in rules if one["Name"] != name])
    return {}


async def set_receipt_rule_position(call: Call) -> Mapping[str, Any]:
    """Move a rule behind the one named by `After`, or to the beginning."""

    def edit(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        rule = rules.pop(_place(rules, call.input["RuleName"]))
        return _placed(rules, rule, call.input.get("After"))

    await change_rules(call, call.input["RuleSetName"], edit)
    return {}


def _place(rules: Sequence[Mapping[str, Any]], name: str) -> int:
    for place, rule in enumerate(rules):
        if rule["Name"] == name:
            return place
    raise Refusal("api.RuleDoesNotExist.name", resource=name)


def _placed(rules: list[dict[str, Any]], rule: dict[str, Any], after: str | None) -> list[dict[str, Any]]:
    place = _place(rules, after) + 1 if after else 0
    return [*rules[:place], rule, *rules[place:]]


V1: Mapping[str, Handler] = {
    "CreateReceiptRule": create_receipt_rule,
    "DeleteReceiptRule": delete_receipt_rule,
    "DescribeReceiptRule": describe_receipt_rule,
    "SetReceiptRulePosition": set_receipt_rule_position,
    "UpdateReceiptRule": update_receipt_rule,
}
