"""Configuration sets as API v1 has them: fewer options, some of which have operations of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import configuration_sets as sets
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.events.destinations import as_older

_OLDER_TLS = {"REQUIRE": "Require", "OPTIONAL": "Optional"}
_NEWER_TLS = {older: newer for newer, older in _OLDER_TLS.items()}


async def create_older(call: Call) -> Mapping[str, Any]:
    """CreateConfigurationSet of API v1."""
    await sets.create(call, call.input["ConfigurationSet"]["Name"], {})
    return {}


async def describe(call: Call) -> Mapping[str, Any]:
    """DescribeConfigurationSet: the name, and what else is asked for."""
    found = await sets.needed(call)
    parts = {
        "eventDestinations": ("EventDestinations", [as_older(one) for one in found.data["destinations"]]),
        "trackingOptions": ("TrackingOptions", _older_tracking(found)),
        "deliveryOptions": ("DeliveryOptions", _older_delivery(found)),
        "reputationOptions": (
            "ReputationOptions",
            {
                "ReputationMetricsEnabled": False,
                **found.data.get("ReputationOptions", {}),
                "SendingEnabled": sets.sending_enabled(found),
            },
        ),
    }
    asked = [parts[name] for name in call.input.get("ConfigurationSetAttributeNames", [])]
    return {"ConfigurationSet": {"Name": found.key}, **{name: value for name, value in asked if value is not None}}


def _older_tracking(found: Resource) -> dict[str, str] | None:
    domain = found.data.get("TrackingOptions", {}).get("CustomRedirectDomain")
    return {"CustomRedirectDomain": domain} if domain else None


def _older_delivery(found: Resource) -> dict[str, str]:
    return {"TlsPolicy": _OLDER_TLS[found.data.get("DeliveryOptions", {}).get("TlsPolicy", "OPTIONAL")]}


async def put_older_delivery(call: Call) -> Mapping[str, Any]:
    """PutConfigurationSetDeliveryOptions of API v1."""
    found = await sets.needed(call)
    policy = _NEWER_TLS[call.input.get("DeliveryOptions", {}).get("TlsPolicy", "Optional")]
    await sets.change(
        call, found, lambda data: {**data, "DeliveryOptions": {**data.get("DeliveryOptions", {}), "TlsPolicy": policy}}
    )
    return {}


async def create_older_tracking(call: Call) -> Mapping[str, Any]:
    """CreateConfigurationSetTrackingOptions."""
    return await _older_options(call, expected=False)


async def update_older_tracking(call: Call) -> Mapping[str, Any]:
    """UpdateConfigurationSetTrackingOptions."""
    return await _older_options(call, expected=True)


async def delete_older_tracking(call: Call) -> Mapping[str, Any]:
    """DeleteConfigurationSetTrackingOptions."""
    return await _older_options(call, expected=True)


async def _older_options(call: Call, *, expected: bool) -> Mapping[str, Any]:
    """Set the domain that is given, or remove it; refuses when there is one, or none, against expectation."""
    found = await sets.needed(call)
    if bool(_older_tracking(found)) != expected:
        code = "TrackingOptionsDoesNotExistException" if expected else "TrackingOptionsAlreadyExistsException"
        raise Refusal(f"api.{code}.tracking", resource=found.key)
    domain = call.input.get("TrackingOptions", {}).get("CustomRedirectDomain", "")
    if domain:
        await sets.check_domain(call, domain)
    options = {"CustomRedirectDomain": domain} if domain else {}
    await sets.change(call, found, lambda data: {**data, "TrackingOptions": options})
    return {}


V1: Mapping[str, Handler] = {
    "CreateConfigurationSet": create_older,
    "CreateConfigurationSetTrackingOptions": create_older_tracking,
    "DeleteConfigurationSet": sets.delete_configuration_set,
    "DeleteConfigurationSetTrackingOptions": delete_older_tracking,
    "DescribeConfigurationSet": describe,
    "ListConfigurationSets": sets.list_configuration_sets,
    "PutConfigurationSetDeliveryOptions": put_older_delivery,
    "UpdateConfigurationSetReputationMetricsEnabled": sets.put_reputation,
    "UpdateConfigurationSetSendingEnabled": sets.put_sending,
    "UpdateConfigurationSetTrackingOptions": update_older_tracking,
}
