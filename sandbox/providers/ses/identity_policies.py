"""Operations on the policies with which an identity lets other accounts send; both APIs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import registry
from sandbox.providers.ses.call import Call, Handler

MOST = 20
"""Policies of an identity."""
SIZE = 4096
"""Octets of a policy."""


async def create_policy(call: Call) -> Mapping[str, Any]:
    """CreateEmailIdentityPolicy: a policy of a new name."""
    found, name = await _needed(call), call.input["PolicyName"]
    if name in found.data["policies"]:
        raise Refusal("api.AlreadyExistsException.policy", resource=name)
    await _put(call, found, name, call.input["Policy"])
    return {}


async def update_policy(call: Call) -> Mapping[str, Any]:
    """UpdateEmailIdentityPolicy: another text for a policy that there is."""
    found, name = await _needed(call), call.input["PolicyName"]
    if name not in found.data["policies"]:
        raise Refusal("api.NotFoundException.policy", resource=name)
    await _put(call, found, name, call.input["Policy"])
    return {}


async def delete_policy(call: Call) -> Mapping[str, Any]:
    """DeleteEmailIdentityPolicy: one that there is not is no error."""
    await _drop(call, await _needed(call), call.input["PolicyName"])
    return {}


async def get_policies(call: Call) -> Mapping[str, Any]:
    """GetEmailIdentityPolicies: all of an identity."""
    return {"Policies": (await _needed(call)).data["policies"]}


async def put_identity_policy(call: Call) -> Mapping[str, Any]:
    """PutIdentityPolicy of API v1: new or changed."""
    found = await registry.known_older(call, call.input["Identity"])
    await _put(call, found, call.input["PolicyName"], call.input["Policy"])
    return {}


async def delete_identity_policy(call: Call) -> Mapping[str, Any]:
    """DeleteIdentityPolicy of API v1: one that there is not is no error."""
    await _drop(call, await registry.known_older(call, call.input["Identity"]), call.input["PolicyName"])
    return {}


async def get_identity_policies(call: Call) -> Mapping[str, Any]:
    """GetIdentityPolicies of API v1: those of the names asked for that there are."""
    policies = (await registry.known_older(call, call.input["Identity"])).data["policies"]
    return {"Policies": {name: policies[name] for name in call.input["PolicyNames"] if name in policies}}


async def list_identity_policies(call: Call) -> Mapping[str, Any]:
    """ListIdentityPolicies of API v1."""
    return {"PolicyNames": sorted((await registry.known_older(call, call.input["Identity"])).data["policies"])}


async def _needed(call: Call) -> Resource:
    return await registry.needed(call, call.input["EmailIdentity"])


async def _put(call: Call, found: Resource, name: str, text: str) -> None:
    _check(call, text)

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        policies = {**data["policies"], name: text}
        if len(policies) > MOST:
            raise Refusal("api.LimitExceededException.policies", limit=MOST)
        return {**data, "policies": policies}

    await call.services.store.resources.change(found, call.now, edit)


async def _drop(call: Call, found: Resource, name: str) -> None:
    kept = {known: text for known, text in found.data["policies"].items() if known != name}
    await registry.change(call, found, {"policies": kept})


def _check(call: Call, text: str) -> None:
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict) or not policy.get("Statement") or len(text.encode()) > SIZE:
        raise Refusal("api.InvalidPolicy.text" if call.api == "v1" else "api.BadRequestException.policy")


V1: Mapping[str, Handler] = {
    "DeleteIdentityPolicy": delete_identity_policy,
    "GetIdentityPolicies": get_identity_policies,
    "ListIdentityPolicies": list_identity_policies,
    "PutIdentityPolicy": put_identity_policy,
}
V2: Mapping[str, Handler] = {
    "CreateEmailIdentityPolicy": create_policy,
    "DeleteEmailIdentityPolicy": delete_policy,
    "GetEmailIdentityPolicies": get_policies,
    "UpdateEmailIdentityPolicy": update_policy,
}
