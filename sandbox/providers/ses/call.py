"""One call of an operation as its handler sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Principal
from sandbox.core.services import Services
from sandbox.providers.ses.model import Name
from sandbox.providers.ses.owner import Owner
from sandbox.wire.http import Exchange


@dataclass(frozen=True, kw_only=True)
class Call:
    """The decoded and validated input of a call, and whose it is."""

    exchange: Exchange
    api: Name
    """`v1`, `v2` or `sns`: what the errors of the operation are called may differ."""
    operation: str
    input: Mapping[str, Any]
    """AWS member names; octets for blobs, seconds of the epoch for times, absent members left out."""
    owner: Owner
    """The AWS account behind it."""

    @property
    def services(self) -> Services:
        """The parts of the sandbox."""
        return self.exchange.services

    @property
    def account(self) -> Account:
        """The sandbox's account."""
        return self.exchange.account

    @property
    def section(self) -> Any:
        """The settings `[ses]`."""
        return self.exchange.section

    @property
    def region(self) -> str:
        """The region that the sandbox stands for."""
        return self.owner.region

    @property
    def principal(self) -> Principal:
        """Who calls."""
        assert self.exchange.principal is not None
        return self.exchange.principal

    @property
    def now(self) -> float:
        """The account's clock, Unix seconds."""
        return self.account.clock.now()

    def arn(self, resource: str) -> str:
        """The ARN of one of the account's own: `identity/example.com`, `configuration-set/x`."""
        return self.owner.arn(resource)

    def with_input(self, given: Mapping[str, Any]) -> Call:
        """The same call with another input."""
        return replace(self, input=given)


Handler = Callable[[Call], Awaitable[Mapping[str, Any]]]
"""An operation: returns its output by AWS member names, with Unix seconds for times and octets for blobs."""
