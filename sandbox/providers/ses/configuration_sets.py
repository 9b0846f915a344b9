"""Configuration sets: how mail that names one is sent, tracked, suppressed and told about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import identity, ip_pools
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.records import record
from sandbox.providers.ses.troubles import refusal

KIND = "configuration-set"
MOST = 10_000
"""Configuration sets of an account."""
GROUPS = (
    "TrackingOptions", "DeliveryOptions", "ReputationOptions", "SendingOptions", "SuppressionOptions", "VdmOptions",
    "ArchivingOptions", "MessageSecurityOptions",
)  # fmt: skip
"""The groups of options, as the newer API names them and as they are stored."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def get(services: Services, account: Account, name: str) -> Resource | None:
    """The configuration set of this name."""
    return await services.store.resources.find(account.id, "ses", KIND, name)


def sending_enabled(found: Resource) -> bool:
    """Whether mail that names the set is sent."""
    return bool(found.data.get("SendingOptions", {}).get("SendingEnabled", True))


def suppressed_reasons(found: Resource) -> Sequence[str] | None:
    """For which reasons addresses are suppressed; None when the account's own setting holds."""
    reasons: Sequence[str] | None = found.data.get("SuppressionOptions", {}).get("SuppressedReasons")
    return reasons


async def needed(call: Call, name: str | None = None) -> Resource:
    """The configuration set that a call names; `Refusal` when there is none."""
    wanted = call.input["ConfigurationSetName"] if name is None else name
    found = await get(call.services, call.account, wanted)
    if found is None:
        raise refusal(call.api, "no-configuration-set", resource=wanted)
    return found


async def change(call: Call, found: Resource, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Resource:
    """Change a configuration set."""
    return await call.services.store.resources.change(found, call.now, edit)


async def create(call: Call, name: str, options: Mapping[str, Any]) -> None:
    """Make a configuration set with the groups of `options`; refuses a name that is none or taken, and one too many."""
    if not _NAME.fullmatch(name):
        raise refusal(call.api, "configuration-set-name", resource=name[:100])
    if len(await call.services.store.resources.all(call.account.id, "ses", KIND)) >= MOST:
        raise Refusal("api.LimitExceededException.configuration-sets", limit=MOST)
    data = {"tags": options.get("Tags", []), "destinations": []}
    data |= {group: options[group] for group in GROUPS if group in options}
    try:
        await call.services.store.resources.add(record(call.account, KIND, name, data))
    except DuplicateKeyError as error:
        raise refusal(call.api, "configuration-set-exists", resource=name) from error


async def create_configuration_set(call: Call) -> Mapping[str, Any]:
    """CreateConfigurationSet of API v2."""
    tracking = call.input.get("TrackingOptions")
    if tracking:
        await check_domain(call, tracking.get("CustomRedirectDomain", ""))
    await ip_pools.check(call, call.input.get("DeliveryOptions", {}))
    await create(call, call.input["ConfigurationSetName"], call.input)
    return {}


async def get_configuration_set(call: Call) -> Mapping[str, Any]:
    """GetConfigurationSet."""
    found = await needed(call)
    data = found.data
    return {
        "ConfigurationSetName": found.key,
        **{group: data[group] for group in GROUPS if data.get(group)},
        "DeliveryOptions": {"TlsPolicy": "OPTIONAL", **data.get("DeliveryOptions", {})},
        "ReputationOptions": {"ReputationMetricsEnabled": False, **data.get("ReputationOptions", {})},
        "SendingOptions": {"SendingEnabled": sending_enabled(found)},
        "Tags": data["tags"],
    }


async def list_configuration_sets(call: Call) -> Mapping[str, Any]:
    """ListConfigurationSets of either API."""
    names = sorted(row.key for row in await call.services.store.resources.all(call.account.id, "ses", KIND))
    size = call.input.get("PageSize") or call.input.get("MaxItems")
    shown, token = page(names, size=size, token=call.input.get("NextToken"))
    older = call.api == "v1"
    return {"ConfigurationSets": [{"Name": name} if older else name for name in shown], "NextToken": token}


async def delete_configuration_set(call: Call) -> Mapping[str, Any]:
    """DeleteConfigurationSet of either API; its event destinations go with it."""
    await call.services.store.resources.remove(await needed(call))
    return {}


def _put(group: str) -> Handler:
    """The operation that replaces one group of options by its input."""

    async def put(call: Call) -> Mapping[str, Any]:
        found = await needed(call)
        options = {name: value for name, value in call.input.items() if name != "ConfigurationSetName"}
        options = options.get(group, options)
        await change(call, found, lambda data: {**data, group: options})
        return {}

    put.__doc__ = f"PutConfigurationSet{group}."
    return put


async def put_tracking(call: Call) -> Mapping[str, Any]:
    """PutConfigurationSetTrackingOptions; without a domain the service's own is used again."""
    found, domain = await needed(call), call.input.get("CustomRedirectDomain", "")
    if domain:
        await check_domain(call, domain)
    options = {name: value for name, value in call.input.items() if name != "ConfigurationSetName"}
    await change(call, found, lambda data: {**data, "TrackingOptions": options if domain else {}})
    return {}


async def put_sending(call: Call) -> Mapping[str, Any]:
    """PutConfigurationSetSendingOptions and its older form; sending again begins the reputation anew."""
    found = await needed(call)
    enabled = bool(call.input.get("SendingEnabled", call.input.get("Enabled", False)))
    fresh = {"LastFreshStart": call.now} if enabled and not sending_enabled(found) else {}
    await change(
        call,
        found,
        lambda data: {
            **data,
            "SendingOptions": {"SendingEnabled": enabled},
            "ReputationOptions": {**data.get("ReputationOptions", {}), **fresh},
        },
    )
    return {}


async def put_reputation(call: Call) -> Mapping[str, Any]:
    """PutConfigurationSetReputationOptions and its older form."""
    found = await needed(call)
    enabled = bool(call.input.get("ReputationMetricsEnabled", call.input.get("Enabled", False)))
    await change(
        call,
        found,
        lambda data: {
            **data,
            "ReputationOptions": {**data.get("ReputationOptions", {}), "ReputationMetricsEnabled": enabled},
        },
    )
    return {}


async def update_configuration_set(call: Call) -> Mapping[str, Any]:
    """UpdateConfigurationSet: the options of message security."""
    found, options = await needed(call), call.input.get("MessageSecurityOptions", {})
    await change(call, found, lambda data: {**data, "MessageSecurityOptions": options})
    return {}


async def put_delivery(call: Call) -> Mapping[str, Any]:
    """PutConfigurationSetDeliveryOptions of API v2; a pool that is named must exist."""
    await ip_pools.check(call, call.input)
    return await _put("DeliveryOptions")(call)


async def check_domain(call: Call, domain: str) -> None:
    """Refuse a domain for links that no verified identity covers."""
    if call.services.permissive or await identity.sending(call.services, call.account, f"links@{domain}"):
        return
    raise refusal(call.api, "redirect-domain", resource=domain[:253])


V2: Mapping[str, Handler] = {
    "CreateConfigurationSet": create_configuration_set,
    "DeleteConfigurationSet": delete_configuration_set,
    "GetConfigurationSet": get_configuration_set,
    "ListConfigurationSets": list_configuration_sets,
    "PutConfigurationSetArchivingOptions": _put("ArchivingOptions"),
    "PutConfigurationSetDeliveryOptions": put_delivery,
    "PutConfigurationSetReputationOptions": put_reputation,
    "PutConfigurationSetSendingOptions": put_sending,
    "PutConfigurationSetSuppressionOptions": _put("SuppressionOptions"),
    "PutConfigurationSetTrackingOptions": put_tracking,
    "PutConfigurationSetVdmOptions": _put("VdmOptions"),
    "UpdateConfigurationSet": update_configuration_set,
}
