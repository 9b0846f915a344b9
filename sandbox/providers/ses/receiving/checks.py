"""Looks at a receipt rule before it is stored: names, limits, conditions, and whether its actions can work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses.receiving.rule_sets import check_name

ACTIONS, RECIPIENTS = 10, 100
"""Actions and recipient conditions that a rule may have (developer guide, email receiving quotas)."""
_DOMAIN = re.compile(r"\.?(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}")
_BUCKET = re.compile(r"(?!\d+(?:\.\d+){3}$)[a-z0-9](?:[a-z0-9]|[.-](?![.])){1,61}[a-z0-9]")
_TOPIC = re.compile(r"arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_FUNCTION = re.compile(r"(?:arn:aws[\w-]*:lambda:[a-z0-9-]+:\d{12}:function:)?[A-Za-z0-9_-]{1,64}(?::[A-Za-z0-9$_-]+)?")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,50}")
_REPLY = re.compile(r"[245]\d\d")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
HEADER_VALUE = 2048


def checked(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule as it is stored, with its defaults; refuses what the service would refuse."""
    check_name("rule.name", rule["Name"])
    recipients, actions = list(rule.get("Recipients") or ()), list(rule.get("Actions") or ())
    if len(actions) > ACTIONS:
        raise Refusal("api.LimitExceeded.receiving", parameter="actions", limit=ACTIONS)
    if len(recipients) > RECIPIENTS:
        raise Refusal("api.LimitExceeded.receiving", parameter="recipients", limit=RECIPIENTS)
    for condition in recipients:
        _check_recipient(condition)
    for action in actions:
        _check_action(action)
    return {
        "Name": rule["Name"],
        "Enabled": bool(rule.get("Enabled", False)),
        "TlsPolicy": rule.get("TlsPolicy", "Optional"),
        "Recipients": recipients,
        "Actions": actions,
        "ScanEnabled": bool(rule.get("ScanEnabled", False)),
    }


def _check_recipient(condition: str) -> None:
    local, at, domain = condition.rpartition("@")
    plain = not at or (0 < len(local) <= 64 and not re.search(r"[\s@<>,;]", local) and not domain.startswith("."))
    if not plain or not _DOMAIN.fullmatch(domain):
        raise _invalid("Invalid recipient", condition)


def _check_action(action: Mapping[str, Any]) -> None:
    if len(action) != 1:
        raise _invalid("An action must have exactly one kind", ", ".join(action))
    (name, options), *_ = action.items()
    topic = options.get("TopicArn")
    if topic is not None and not _TOPIC.fullmatch(topic):
        raise Refusal("api.InvalidSnsTopic.topic", resource=topic)
    _CHECKS.get(name, _nothing)(options)


def _nothing(options: Mapping[str, Any]) -> None:
    """There is nothing more to look at."""


def _bucket(options: Mapping[str, Any]) -> None:
    if not _BUCKET.fullmatch(options["BucketName"]):
        raise Refusal("api.InvalidS3Configuration.bucket", resource=options["BucketName"])


def _function(options: Mapping[str, Any]) -> None:
    if not _FUNCTION.fullmatch(options["FunctionArn"]):
        raise Refusal("api.InvalidLambdaFunction.function", resource=options["FunctionArn"])


def _bounce(options: Mapping[str, Any]) -> None:
    if not _REPLY.fullmatch(options["SmtpReplyCode"]):
        raise _invalid("Invalid SMTP reply code", options["SmtpReplyCode"])
    status = options.get("StatusCode")
    if status is not None and not _STATUS.fullmatch(status):
        raise _invalid("Invalid status code", status)


def _header(options: Mapping[str, Any]) -> None:
    name, value = options["HeaderName"], options["HeaderValue"]
    if not _HEADER.fullmatch(name):
        raise _invalid("Invalid header name", name)
    if len(value) >= HEADER_VALUE or re.search(r"[\r\n]", value):
        raise _invalid("Invalid header value", name)


_CHECKS = {
    "S3Action": _bucket,
    "LambdaAction": _function,
    "BounceAction": _bounce,
    "AddHeaderAction": _header,
}


def _invalid(problem: str, value: str) -> Refusal:
    return Refusal("api.InvalidParameterValue.receiving", parameter=problem, resource=value[:200])
