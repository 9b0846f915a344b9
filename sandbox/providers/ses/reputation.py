"""Reputation entities: whether an identity, a configuration set or a tenant may send, as the customer manages it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ses import named, tenants
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.records import record

KIND = "reputation"
STANDARD = "arn:aws:ses:{region}:aws:reputation-policy/standard"
"""The policy that an entity has until another is chosen."""
POLICIES = ("standard", "strict", "none")
ENTITIES = ("tenant", "configuration-set", "identity")


async def get_reputation_entity(call: Call) -> Mapping[str, Any]:
    """One entity."""
    arn = call.input["ReputationEntityReference"]
    subject = await _subject(call, arn)
    if subject is None:
        raise Refusal("api.NotFoundException.reputation", resource=arn[:200])
    return {"ReputationEntity": await _shown(call, arn)}


async def list_reputation_entities(call: Call) -> Mapping[str, Any]:
    """The entities of the account that fit the filter: every tenant, and whatever was managed before."""
    wish = call.input.get("Filter", {})
    arns = [tenants.arn(call, row) for row in await named.rows(call, tenants.KIND)]
    arns += [row.key for row in await named.rows(call, KIND) if row.key not in arns]
    shown = [await _shown(call, arn) for arn in arns if arn.startswith(wish.get("ENTITY_REFERENCE_PREFIX", ""))]
    found = [
        one
        for one in shown
        if wish.get("ENTITY_TYPE") in (None, one["ReputationEntityType"])
        and wish.get("SENDING_STATUS") in (None, one["SendingStatusAggregate"])
        and wish.get("REPUTATION_IMPACT") in (None, one.get("ReputationImpact"))
    ]
    items, token = page(found, size=call.input.get("PageSize"), token=call.input.get("NextToken"))
    return {"ReputationEntities": list(items), "NextToken": token}


async def update_reputation_entity_customer_managed_status(call: Call) -> Mapping[str, Any]:
    """Let an entity send, or not."""
    arn, status = call.input["ReputationEntityReference"], call.input["SendingStatus"]
    subject = await _subject(call, arn)
    if subject is None:
        raise Refusal("api.BadRequestException.reputation", resource=arn[:200])
    await _remember(call, arn, {"status": status, "since": call.now})
    if subject.kind == tenants.KIND:
        await named.change(call, subject, status=status)
    return {}


async def update_reputation_entity_policy(call: Call) -> Mapping[str, Any]:
    """Choose the policy by which the service would pause an entity."""
    arn, policy = call.input["ReputationEntityReference"], call.input["ReputationEntityPolicy"]
    if await _subject(call, arn) is None:
        raise Refusal("api.BadRequestException.reputation", resource=arn[:200])
    if policy.rpartition("/")[2] not in POLICIES:
        raise Refusal("api.BadRequestException.reputation-policy", resource=policy[:200])
    await _remember(call, arn, {"policy": policy})
    return {}


async def disabled(services: Services, account: Account, arn: str) -> bool:
    """Whether the customer stopped an entity from sending."""
    found = await services.store.resources.find(account.id, "ses", KIND, arn)
    return found is not None and found.data.get("status") == "DISABLED"


async def _subject(call: Call, arn: str) -> Resource | None:
    """What the ARN of an entity names; None when the account has nothing of that sort."""
    kind, _, name = arn.removeprefix(call.arn("")).partition("/")
    if not arn.startswith(call.arn("")) or kind not in ENTITIES:
        return None
    if kind == tenants.KIND:
        name = name.partition("/")[0]
    return await call.services.store.resources.find(call.account.id, "ses", kind, name)


async def _remember(call: Call, arn: str, changes: Mapping[str, Any]) -> None:
    found = await call.services.store.resources.find(call.account.id, "ses", KIND, arn)
    if found is None:
        await call.services.store.resources.add(record(call.account, KIND, arn, changes))
    else:
        await named.change(call, found, **changes)


async def _shown(call: Call, arn: str) -> dict[str, Any]:
    row = await call.services.store.resources.find(call.account.id, "ses", KIND, arn)
    data: Mapping[str, Any] = row.data if row else {}
    status = data.get("status", "ENABLED")
    managed = {"Status": status, "Cause": "Updated by the customer", "LastUpdatedTimestamp": data.get("since")}
    return {
        "ReputationEntityReference": arn,
        "ReputationEntityType": "RESOURCE",
        "ReputationManagementPolicy": data.get("policy", STANDARD.format(region=call.region)),
        "CustomerManagedStatus": managed if "status" in data else {"Status": status},
        "AwsSesManagedStatus": {"Status": "ENABLED"},
        "SendingStatusAggregate": status,
    }


V2: Mapping[str, Handler] = {
    "GetReputationEntity": get_reputation_entity,
    "ListReputationEntities": list_reputation_entities,
    "UpdateReputationEntityCustomerManagedStatus": update_reputation_entity_customer_managed_status,
    "UpdateReputationEntityPolicy": update_reputation_entity_policy,
}
