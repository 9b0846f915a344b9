"""Operations about the account as a whole: quotas, production access, and whether it may send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses import mailboxes, owner
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.rules import limits_of

UNLIMITED = -1.0
"""What the service tells as a quota that is none."""
FAST = 100_000.0
"""What it tells as a rate when there is none; clients divide by it."""
_DETAILS = ("MailType", "WebsiteURL", "ContactLanguage", "UseCaseDescription", "AdditionalContactEmailAddresses")


async def get_account(call: Call) -> Mapping[str, Any]:
    """Quota, access and account-wide options."""
    settings = call.owner.settings
    return {
        "DedicatedIpAutoWarmupEnabled": settings.get("auto_warmup", True),
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": settings["production_access"],
        "SendQuota": await _quota(call),
        "SendingEnabled": settings["sending_enabled"],
        "SuppressionAttributes": {
            "SuppressedReasons": settings["suppressed_reasons"],
            "ValidationAttributes": settings.get("validation"),
        },
        "Details": settings.get("details"),
        "VdmAttributes": settings.get("vdm"),
        "PricingAttributes": settings.get("pricing"),
    }


async def get_send_quota(call: Call) -> Mapping[str, Any]:
    """The quota alone."""
    return await _quota(call)


async def _quota(call: Call) -> Mapping[str, float]:
    limits = limits_of(call.section.limits, call.owner.settings["production_access"])
    ledger = await call.services.accounts.ledger(call.account, "ses")
    return {
        "Max24HourSend": UNLIMITED if limits.per_day is None else float(limits.per_day),
        "MaxSendRate": FAST if limits.per_second is None else float(limits.per_second),
        "SentLast24Hours": float(ledger.used(call.now).day),
    }


async def put_account_details(call: Call) -> Mapping[str, Any]:
    """Describe the account, and ask for production access, which the sandbox grants at once."""
    given = call.input
    for address in given.get("AdditionalContactEmailAddresses", ()):
        mailboxes.read(address)
    if call.owner.settings["production_access"] and given.get("ProductionAccessEnabled") and _reviewed(call):
        raise Refusal("api.ConflictException.details")
    details = {name: given[name] for name in _DETAILS if name in given}
    wanted = bool(given.get("ProductionAccessEnabled"))
    if wanted:
        details["ReviewDetails"] = {
            "Status": "GRANTED",
            "CaseId": f"{call.account.ids.random.randrange(10**9, 10**10)}",
        }
    elif review := call.owner.settings.get("details", {}).get("ReviewDetails"):
        details["ReviewDetails"] = review
    access = call.owner.settings["production_access"] or wanted
    await _set(call, details=details, production_access=access)
    return {}


def _reviewed(call: Call) -> bool:
    return "ReviewDetails" in call.owner.settings.get("details", {})


async def put_account_sending_attributes(call: Call) -> Mapping[str, Any]:
    """Switch sending on, or off."""
    await _set(call, sending_enabled=call.input.get("SendingEnabled", False))
    return {}


async def put_account_suppression_attributes(call: Call) -> Mapping[str, Any]:
    """Choose what brings an address onto the suppression list."""
    reasons = list(call.input.get("SuppressedReasons", ()))
    new: dict[str, Any] = {"suppressed_reasons": reasons}
    if "ValidationAttributes" in call.input:
        new["validation"] = call.input["ValidationAttributes"]
    await _set(call, **new)
    return {}


async def put_account_vdm_attributes(call: Call) -> Mapping[str, Any]:
    """Options of the Virtual Deliverability Manager."""
    await _set(call, vdm=call.input["VdmAttributes"])
    return {}


async def put_account_dedicated_ip_warmup_attributes(call: Call) -> Mapping[str, Any]:
    """Whether new dedicated addresses are warmed up."""
    await _set(call, auto_warmup=call.input.get("AutoWarmupEnabled", False))
    return {}


async def put_account_pricing_attributes(call: Call) -> Mapping[str, Any]:
    """The plan by which the account pays; the sandbox only keeps it."""
    await _set(call, pricing={"CurrentPlan": call.input["Plan"]})
    return {}


async def get_account_sending_enabled(call: Call) -> Mapping[str, Any]:
    """GetAccountSendingEnabled of API v1."""
    return {"Enabled": call.owner.settings["sending_enabled"]}


async def update_account_sending_enabled(call: Call) -> Mapping[str, Any]:
    """UpdateAccountSendingEnabled of API v1."""
    await _set(call, sending_enabled=call.input.get("Enabled", False))
    return {}


async def _set(call: Call, **new: Any) -> None:
    await owner.change(call.services, call.account, lambda data: {**data, **new})


V1: Mapping[str, Handler] = {
    "GetAccountSendingEnabled": get_account_sending_enabled,
    "GetSendQuota": get_send_quota,
    "UpdateAccountSendingEnabled": update_account_sending_enabled,
}
V2: Mapping[str, Handler] = {
    "GetAccount": get_account,
    "PutAccountDedicatedIpWarmupAttributes": put_account_dedicated_ip_warmup_attributes,
    "PutAccountDetails": put_account_details,
    "PutAccountPricingAttributes": put_account_pricing_attributes,
    "PutAccountSendingAttributes": put_account_sending_attributes,
    "PutAccountSuppressionAttributes": put_account_suppression_attributes,
    "PutAccountVdmAttributes": put_account_vdm_attributes,
}
