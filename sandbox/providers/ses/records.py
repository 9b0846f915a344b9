"""How SES's resources are kept: one stored form for everything that has a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Resource

RULE_SET = "receipt-rule-set"
"""The kind of the rule sets for mail that is received; asked for also where nothing is received."""


def record(account: Account, kind: str, key: str, data: Mapping[str, Any]) -> Resource:
    """A resource of SES that is made now; its name is its key and its id."""
    now = account.clock.now()
    return Resource(
        account=account.id, provider="ses", kind=kind, id=key, key=key, data=dict(data), created=now, updated=now
    )


def access_key(account: Account, *, key_id: str, secret: str, user: str, description: str) -> Resource:
    """An access key of an IAM user, named by its ARN."""
    return record(account, "access-key", key_id, {"secret": secret, "user": user, "description": description})


def smtp_credential(account: Account, *, username: str, password: str, user: str) -> Resource:
    """An SMTP user with a password of its own, not derived from an access key."""
    return record(account, "smtp-credential", username, {"password": password, "user": user})
