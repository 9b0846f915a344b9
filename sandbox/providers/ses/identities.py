"""Operations on identities of API v2: created, shown, listed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.core.model import Resource
from sandbox.providers.ses import configuration_sets, identity, signing_keys
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.identity import SUCCESS, is_address
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.registry import added, all_of, change, check_name, needed, remove
from sandbox.providers.ses.verification import settle


async def create_email_identity(call: Call) -> Mapping[str, Any]:
    """Begin the verification of an address or domain."""
    name = check_name(call.input["EmailIdentity"])
    chosen = call.input.get("ConfigurationSetName")
    if chosen:
        await configuration_sets.needed(call, chosen)
    made = await added(call, name, {"tags": list(call.input.get("Tags", ())), "configuration_set": chosen})
    wanted = call.input.get("DkimSigningAttributes")
    if wanted and not is_address(name):
        made = await signing_keys.put(call, made, wanted)
    made = await settle(call.services, call.account, made)
    return {
        "IdentityType": _type(made),
        "VerifiedForSendingStatus": await _may_send(call, made),
        "DkimAttributes": signing_keys.attributes(made),
    }


async def get_email_identity(call: Call) -> Mapping[str, Any]:
    """Everything about an identity."""
    found = await needed(call, call.input["EmailIdentity"])
    data, verification = found.data, found.data["verification"]
    chosen = data["mail_from"]
    return {
        "IdentityType": _type(found),
        "FeedbackForwardingStatus": data["feedback"],
        "VerifiedForSendingStatus": await _may_send(call, found),
        "DkimAttributes": signing_keys.attributes(found),
        "MailFromAttributes": {
            "BehaviorOnMxFailure": chosen.get("on_failure", "USE_DEFAULT_VALUE"),
            "MailFromDomain": chosen.get("domain"),
            "MailFromDomainStatus": chosen.get("status"),
        },
        "Policies": data["policies"],
        "Tags": data["tags"],
        "ConfigurationSetName": data.get("configuration_set"),
        "VerificationStatus": verification["status"],
        "VerificationInfo": {
            "LastCheckedTimestamp": verification.get("checked"),
            "LastSuccessTimestamp": verification.get("succeeded"),
            "ErrorType": verification.get("error"),
        },
    }


async def list_email_identities(call: Call) -> Mapping[str, Any]:
    """The identities by name, a page at a time, those that fit every filter."""
    wanted = call.input.get("Filter", {})
    chosen = [row for row in await all_of(call) if all(_FILTERS[key](row, text) for key, text in wanted.items())]
    rows = sorted(chosen, key=lambda row: row.key)
    shown, token = page(rows, size=call.input.get("PageSize"), token=call.input.get("NextToken"))
    return {
        "EmailIdentities": [
            {
                "IdentityType": _type(row),
                "IdentityName": row.key,
                "SendingEnabled": row.data["verification"]["status"] == SUCCESS,
                "VerificationStatus": row.data["verification"]["status"],
            }
            for row in shown
        ],
        "NextToken": token,
    }


async def delete_email_identity(call: Call) -> Mapping[str, Any]:
    """Remove an identity; refuses one that there is not."""
    await remove(call, await needed(call, call.input["EmailIdentity"]))
    return {}


async def put_feedback(call: Call) -> Mapping[str, Any]:
    """Switch the forwarding of bounces and complaints by mail."""
    found = await needed(call, call.input["EmailIdentity"])
    await change(call, found, {"feedback": call.input.get("EmailForwardingEnabled", False)})
    return {}


async def put_configuration_set(call: Call) -> Mapping[str, Any]:
    """Choose the configuration set of mail that names none; without a name, none."""
    found = await needed(call, call.input["EmailIdentity"])
    name = call.input.get("ConfigurationSetName")
    if name:
        await configuration_sets.needed(call, name)
    await change(call, found, {"configuration_set": name})
    return {}


async def _may_send(call: Call, found: Resource) -> bool:
    """Whether the identity itself, or for an address its domain, is verified."""
    if identity.verified(found):
        return True
    return is_address(found.key) and await identity.sending(call.services, call.account, found.key) is not None


def _type(row: Resource) -> str:
    return "EMAIL_ADDRESS" if is_address(row.key) else "DOMAIN"


_FILTERS: Mapping[str, Callable[[Resource, str], bool]] = {
    "IDENTITY_NAME_CONTAINS": lambda row, text: text.lower() in row.key.lower(),
    "IDENTITY_TYPE": lambda row, text: text == _type(row),
    "VERIFICATION_STATUS": lambda row, text: text == row.data["verification"]["status"],
}


V2: Mapping[str, Handler] = {
    "CreateEmailIdentity": create_email_identity,
    "DeleteEmailIdentity": delete_email_identity,
    "GetEmailIdentity": get_email_identity,
    "ListEmailIdentities": list_email_identities,
    "PutEmailIdentityConfigurationSetAttributes": put_configuration_set,
    "PutEmailIdentityFeedbackAttributes": put_feedback,
}
