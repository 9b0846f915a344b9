"""Which recipients of a message are held back: those on the account's suppression list, for the reasons in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Resource, Submission
from sandbox.core.policy import SuppressionCause, SuppressionReason
from sandbox.core.services import Services
from sandbox.providers.ses import configuration_sets, owner
from sandbox.providers.ses.records import record
from sandbox.providers.ses.simulator import simulated

KIND = "suppression"
TENANT_LISTED, UNSUBSCRIBED = "TENANT", "UNSUBSCRIBED"
"""Why a recipient is held back, where it is not for being on the account's list: a tenant's list, its own wish."""


def key_of(address: str) -> str:
    """How the list keeps an address: without blanks around it, the domain in lower case."""
    local, _, domain = address.strip().rpartition("@")
    return f"{local}@{domain.lower()}"


async def entry(services: Services, account: Account, address: str) -> Resource | None:
    """The entry of the list for an address; None when it is not on it."""
    return await services.store.resources.find(account.id, "ses", KIND, key_of(address))


async def held_back(
    services: Services,
    account: Account,
    submission: Submission,
    settings: Mapping[str, Any],
    chosen: Resource | None,
) -> dict[str, str]:
    """The recipients that get nothing → why: `BOUNCE`, `COMPLAINT`; those of the simulator are never held back."""
    own = configuration_sets.suppressed_reasons(chosen) if chosen else None
    reasons = settings["suppressed_reasons"] if own is None else own
    found: dict[str, str] = {}
    for address in submission.envelope.rcpt_to:
        known = None if simulated(address) else await entry(services, account, address)
        if known is not None and known.data["reason"] in reasons:
            found[address] = str(known.data["reason"])
    return found


_REASONS: Mapping[SuppressionReason, str] = {
    SuppressionReason.HARD_BOUNCE: "BOUNCE",
    SuppressionReason.COMPLAINT: "COMPLAINT",
    SuppressionReason.MANUAL: "BOUNCE",
}
"""What puts an address onto the list."""


async def added(services: Services, account: Account, address: str, cause: SuppressionCause) -> Resource | None:
    """The entry that a bounce or complaint makes, when the account suppresses for that; None else.

    Who puts an address there by hand is asked for no setting: that is `PutSuppressedDestination` with a reason.
    """
    reason = _REASONS.get(cause.reason)
    settings = (await owner.owner(services, account)).settings
    by_hand = cause.reason is SuppressionReason.MANUAL
    if reason is None or (not by_hand and (simulated(address) or reason not in settings["suppressed_reasons"])):
        return None
    now = account.clock.now()
    data = {"reason": reason, "updated": now, "message_id": cause.message_id}
    return record(account, KIND, key_of(address), data)
