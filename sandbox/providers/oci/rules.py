"""OCI's rules for a submission: approved senders, sending and size limits, the suppression list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.headers import HeaderBlock
from sandbox.core.late import Late
from sandbox.core.model import MessageRecord, Principal, Resource, Submission
from sandbox.core.policy import SizeRules, Suppressed, SuppressionCause, SuppressionReason
from sandbox.core.quota import Limits
from sandbox.core.services import Services
from sandbox.core.store.resources import Edit
from sandbox.providers.oci import records, regions
from sandbox.providers.oci.identity import identity_of

_activate = Late("sandbox.providers.oci.activation:of_sender")
_allowed = Late("sandbox.providers.oci.policies:allowed")
PRESETS: Mapping[str, Limits] = {
    "trial": Limits(per_minute=10, per_day=200),
    "paid": Limits(per_minute=18_000, per_day=50_000),
    "unlimited": Limits(),
}
"""Sending limits of the service's own account types, in emails."""
SENDERS: Mapping[str, int | None] = {"trial": 2_000, "paid": 10_000, "unlimited": None}
"""Approved senders that each type of account may have."""
_REASONS: Mapping[SuppressionReason, str] = {
    SuppressionReason.HARD_BOUNCE: "HARDBOUNCE",
    SuppressionReason.SOFT_BOUNCE: "SOFTBOUNCE",
    SuppressionReason.COMPLAINT: "COMPLAINT",
    SuppressionReason.UNSUBSCRIBE: "UNSUBSCRIBE",
    SuppressionReason.MANUAL: "MANUAL",
}
UNIT = 2_097_152
"""Octets that count as one email, for each recipient."""


def limits_of(wish: str | Mapping[str, int | None]) -> Limits:
    """A preset by name, or single limits on top of the paid ones; `ValueError` says what is accepted."""
    if isinstance(wish, str):
        if wish not in PRESETS:
            raise ValueError(f"oci.limits is {', '.join(PRESETS)} or a table of single limits; not {wish!r}")
        return PRESETS[wish]
    if unknown := set(wish) - {"per_minute", "per_day", "approved_senders"}:
        raise ValueError(f"oci.limits knows per_minute, per_day and approved_senders; not {', '.join(sorted(unknown))}")
    paid = PRESETS["paid"]
    return Limits(per_minute=wish.get("per_minute", paid.per_minute), per_day=wish.get("per_day", paid.per_day))


def most_senders(wish: str | Mapping[str, int | None]) -> int | None:
    """How many approved senders an account may have; None for any number."""
    return SENDERS[wish] if isinstance(wish, str) else wish.get("approved_senders", SENDERS["paid"])


class OciRules:
    """The `Rules` of OCI Email Delivery."""

    def __init__(self, services: Services, section: Any, permissive: bool) -> None:
        self._services = services
        self._permissive = permissive
        self._region = regions.name(section.region)
        self._limits = limits_of(section.limits)
        for address in section.outbound_ips:
            ip_address(address)  # ValueError says what is wrong with it
        self._sizes = SizeRules(message=section.max_message_bytes, recipients=section.max_recipients, unit=UNIT)

    def sizes(self, account: Account) -> SizeRules:  # noqa: ARG002 - limits are the same for every account
        """The size limits of the settings."""
        return self._sizes

    def limits(self, account: Account) -> Limits:  # noqa: ARG002
        """The sending limits of the settings."""
        return self._limits

    async def sender_approved(self, account: Account, principal: Principal, address: str) -> bool:
        """Whether an active approved sender has this address or its domain, and a policy lets the user use it."""
        if self._permissive:
            return True
        await _activate(self._services, account, address.lower().rpartition("@")[2])
        question = (__name__, account.id, principal.user, address)
        return await self._services.store.resources.conclude(
            question, lambda: self._approved(account, principal, address)
        )

    async def _approved(self, account: Account, principal: Principal, address: str) -> bool:
        found = await self.sender(account, address)
        return found is not None and await self.may_use(account, principal, found)

    async def may_use(self, account: Account, principal: Principal, sender: Resource) -> bool:
        """Whether a policy lets the user send in the compartment of an approved sender."""
        place = sender.data["compartmentId"]
        return bool(await _allowed(self._services, account, principal, "use", "approved-senders", place))

    async def sender(self, account: Account, address: str) -> Resource | None:
        """The active approved sender that covers an address: its own, else its domain's."""
        lowered = address.lower()
        for key in (lowered, "@" + lowered.rpartition("@")[2]):
            found = await self._services.store.resources.find(account.id, "oci", "sender", key)
            if found is not None and found.data.get("lifecycleState") == "ACTIVE":
                return found
        return None

    async def review(self, account: Account, submission: Submission, block: HeaderBlock) -> Mapping[str, Any]:  # noqa: ARG002
        """OCI has nothing to add to what every submission must pass."""
        return {}

    def counted(self, address: str) -> bool:  # noqa: ARG002
        """Every recipient counts."""
        return True

    async def suppressed(
        self,
        account: Account,
        principal: Principal,
        address: str,
        sender: str = "",
    ) -> Suppressed | None:
        """The entry of the suppression list for an address; it holds in a permissive sandbox too."""
        found = await self._services.store.resources.find(account.id, "oci", "suppression", address.lower())
        if found is None:
            return None
        by = await self.sender(account, sender)
        params: dict[str, object] = {"user": principal.user, "sender_id": by.id if by else ""}
        return Suppressed(reason=str(found.data["reason"]), params=params)

    async def note_suppressed(self, account: Account, address: str, message_id: str) -> Edit | None:  # noqa: ARG002
        """Keep when a submission to the address was last prevented."""
        found = await self._services.store.resources.find(account.id, "oci", "suppression", address.lower())
        if found is None:
            return None
        now = account.clock.now()
        return Edit(resource=found, at=now, edit=lambda data: {**data, "timeLastSuppressed": to_iso(now)})

    def message_id(self, account: Account, sender: str) -> str:  # noqa: ARG002
        """A UUID at the region's mail domain."""
        return f"{account.ids.uuid()}@{regions.return_path_host(self._region)}"

    def sent_id(self, message: MessageRecord) -> str:
        """The message's own; it is left as it is."""
        return message.message_id

    def envelope_id(self, account: Account) -> str:
        """A UUID."""
        return account.ids.uuid()

    async def suppression(self, account: Account, address: str, cause: SuppressionCause) -> Resource | None:
        """The entry that the service adds by itself after a bounce, a complaint or an unsubscription."""
        identity = await identity_of(self._services, account)
        if identity is None:
            return None
        row = records.suppression(account, tenancy=identity.tenancy, address=address, reason=_REASONS[cause.reason])
        details = {"messageId": cause.message_id, "errorDetail": cause.detail, "errorSource": cause.source}
        return replace(row, data={**row.data, **details})

    def mail_host(self, account: Account) -> str:  # noqa: ARG002
        """The region's own mail domain."""
        return regions.return_path_host(self._region)
