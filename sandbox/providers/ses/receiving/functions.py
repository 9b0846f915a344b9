"""Calls the user's program in place of a Lambda function, at the URL that the settings name for its ARN."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sandbox.core.postings import Posting

TIMEOUT = 30.0
"""Seconds that a function which is waited for may take."""


class Disposition(StrEnum):
    """What a function that is waited for says about what comes next."""

    CONTINUE = "CONTINUE"
    STOP_RULE = "STOP_RULE"
    STOP_RULE_SET = "STOP_RULE_SET"


def endpoint(functions: Sequence[Mapping[str, Any]], arn: str) -> str:
    """The URL for a function, by its ARN (with or without version) or by its name; empty when there is none."""
    name = arn.rpartition(":function:")[2].partition(":")[0] or arn
    for row in functions:
        known = str(row.get("arn", ""))
        if known in (arn, name, arn.rpartition(":")[0]):
            return str(row.get("endpoint", ""))
    return ""


def posting(url: str, event: Mapping[str, Any], *, account: str, message: str) -> Posting:
    """The request that stands for a call of a function."""
    return Posting(
        url=url,
        headers={"Content-Type": "application/json"},
        body=json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"),
        account=account,
        kind="Lambda",
        message=message,
    )


def disposition(body: bytes) -> Disposition:
    """What the answer asks for; anything that is not understood goes on, as the service does."""
    try:
        return Disposition(str(json.loads(body)["disposition"]).upper())
    except (ValueError, KeyError, TypeError, RecursionError):
        return Disposition.CONTINUE
