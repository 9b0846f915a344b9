"""The AWS account behind an account of the sandbox: its number, its ARNs, and the settings that hold account-wide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Resource
from sandbox.core.services import Services

KIND = "account"
USER = "email-sandbox"
"""The IAM user that every account starts with."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """An AWS account in a region."""

    number: str
    """12 digits."""
    region: str
    settings: Mapping[str, Any]
    """`sending_enabled`, `production_access`, `suppressed_reasons`, `details`, `vdm`, …; see `provision.SETTINGS`."""

    def arn(self, resource: str) -> str:
        """The ARN of something that SES keeps for the account."""
        return f"arn:aws:ses:{self.region}:{self.number}:{resource}"

    @property
    def user_arn(self) -> str:
        """The ARN of the ready-made user."""
        return f"arn:aws:iam::{self.number}:user/{USER}"


async def record(services: Services, account: Account) -> Resource:
    """The stored account; `LookupError` before it was provisioned."""
    found = await services.store.resources.all(account.id, "ses", KIND)
    if not found:
        raise LookupError(f"account {account.id!r} was not provisioned")
    return found[0]


async def owner(services: Services, account: Account) -> Owner:
    """The AWS account behind an account; `LookupError` before it was provisioned."""
    found = await record(services, account)
    return Owner(number=found.key, region=services.providers["ses"].region, settings=found.data)


async def change(
    services: Services, account: Account, edit: Callable[[dict[str, Any]], dict[str, Any]]
) -> Mapping[str, Any]:
    """Change the account-wide settings; returns them."""
    found = await record(services, account)
    return (await services.store.resources.change(found, account.clock.now(), edit)).data
