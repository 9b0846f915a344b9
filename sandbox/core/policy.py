"""The rules that a submission must pass; each provider says what they are, the core asks in the right order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from sandbox.core.accounts import Account
from sandbox.core.headers import HeaderBlock
from sandbox.core.model import Principal, Resource, Submission
from sandbox.core.quota import Limits
from sandbox.core.store.resources import Edit


@dataclass(frozen=True, kw_only=True)
class Suppressed:
    """Why nothing is sent to a recipient."""

    reason: str
    params: dict[str, object]
    """For the provider's reply: `user`, `sender_id`, …"""


class SuppressionReason(StrEnum):
    """Why an address comes onto the suppression list; providers have their own words for it."""

    HARD_BOUNCE = "hard-bounce"
    SOFT_BOUNCE = "soft-bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"
    """Somebody put it there by hand."""


@dataclass(frozen=True, kw_only=True)
class SuppressionCause:
    """What happened to an address that is to be suppressed."""

    reason: SuppressionReason
    detail: str
    """The remote reply."""
    source: str
    """The host that said so."""
    message_id: str


@dataclass(frozen=True, kw_only=True)
class SizeRules:
    """What a message may weigh."""

    message: int
    """Octets of the whole message."""
    headers: int = 262_144
    """Octets of the header block."""
    recipients: int = 1000
    unit: int | None = 2_097_152
    """Octets that count as one email of the quota, per recipient; None: every recipient counts once."""
    counts_suppressed: bool = False
    """Whether a recipient on the suppression list uses up quota."""


class Rules(Protocol):
    """A provider's answers about one account; every look-up is in memory."""

    def sizes(self, account: Account) -> SizeRules:
        """The size limits in force."""
        ...

    def limits(self, account: Account) -> Limits:
        """The sending limits in force."""
        ...

    async def sender_approved(self, account: Account, principal: Principal, address: str) -> bool:
        """Whether the principal may send as `address` (envelope or header From)."""
        ...

    async def review(self, account: Account, submission: Submission, block: HeaderBlock) -> Mapping[str, Any]:
        """The provider's last word on a whole message: what it remembers of it, or a `Refusal`.

        What is returned is added to the attributes of the submission and stored with the message. `suppressed` in it
        names the recipients that are held back, where that depends on more than the address; `rejected` says why nobody
        gets a message that is accepted nevertheless; `unreported` keeps the sender from being told by mail.
        """
        ...

    def counted(self, address: str) -> bool:
        """Whether mail to this recipient uses up the quota; the provider's own test addresses may not."""
        ...

    async def suppressed(
        self, account: Account, principal: Principal, address: str, sender: str = ""
    ) -> Suppressed | None:
        """The suppression that holds mail from `sender` (the reverse-path) to `address` back, or None."""
        ...

    async def note_suppressed(self, account: Account, address: str, message_id: str) -> Edit | None:
        """What the provider keeps of a submission to a suppressed recipient, to be stored together with the message."""
        ...

    def message_id(self, account: Account, sender: str) -> str:
        """A Message-ID (without angle brackets) as the provider makes it for messages that have none."""
        ...

    def envelope_id(self, account: Account) -> str:
        """The provider's id of an accepted envelope."""
        ...

    async def suppression(self, account: Account, address: str, cause: SuppressionCause) -> Resource | None:
        """The entry that delivery adds to the suppression list for `cause`; None when the provider adds none."""
        ...

    def mail_host(self, account: Account) -> str:
        """The host that reports failures: Reporting-MTA of notifications, domain of their sender."""
        ...
