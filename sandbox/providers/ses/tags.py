"""Tags of whatever can have them, by ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses.call import Call, Handler

KINDS: Mapping[str, str] = {
    "configuration-set": "configuration-set",
    "contact-list": "contact-list",
    "custom-verification-email-template": "custom-verification-template",
    "dedicated-ip-pool": "dedicated-ip-pool",
    "deliverability-test-report": "deliverability-test-report",
    "identity": "identity",
    "multi-region-endpoint": "multi-region-endpoint",
    "template": "template",
    "tenant": "tenant",
}
"""First part of an ARN's resource → kind of the resource; all of them keep their tags as `tags`."""
MOST, KEY, VALUE = 50, 128, 256


async def tag_resource(call: Call) -> Mapping[str, Any]:
    """Add tags, or change the values of those that there are."""
    row = await _tagged(call)
    wanted = {one["Key"]: one["Value"] for one in call.input["Tags"]}
    for key, value in wanted.items():
        check(key, value)

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        tags = {one["Key"]: one["Value"] for one in data.get("tags") or ()} | wanted
        if len(tags) > MOST:
            raise Refusal("api.BadRequestException.tags", limit=MOST)
        return {**data, "tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    await call.services.store.resources.change(row, call.now, edit)
    return {}


async def untag_resource(call: Call) -> Mapping[str, Any]:
    """Remove tags by key; keys that are not there are no error."""
    row, gone = await _tagged(call), set(call.input["TagKeys"])

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "tags": [one for one in data.get("tags") or () if one["Key"] not in gone]}

    await call.services.store.resources.change(row, call.now, edit)
    return {}


async def list_tags_for_resource(call: Call) -> Mapping[str, Any]:
    """The tags of a resource."""
    return {"Tags": list((await _tagged(call)).data.get("tags") or ())}


def check(key: str, value: str) -> None:
    """Refuse a tag that can't be one."""
    if not 0 < len(key) <= KEY or key.lower().startswith("aws:"):
        raise Refusal("api.BadRequestException.tag", parameter="key", resource=key[:KEY])
    if len(value) > VALUE:
        raise Refusal("api.BadRequestException.tag", parameter="value", resource=value[:VALUE])


async def _tagged(call: Call) -> Resource:
    """The resource of the call's ARN, when it is one of the account's own in this region."""
    arn = call.input["ResourceArn"]
    kind, _, name = arn.removeprefix(call.arn("")).partition("/")
    if not arn.startswith("arn:"):
        raise Refusal("api.BadRequestException.arn", resource=arn[:200])
    if kind == "tenant":
        name = name.partition("/")[0]
    found = None
    if arn.startswith(call.arn("")) and kind in KINDS:
        found = await call.services.store.resources.find(call.account.id, "ses", KINDS[kind], name)
        if found is None and kind == "multi-region-endpoint":
            found = await _endpoint(call, name)
    if found is None:
        raise Refusal("api.NotFoundException.tagged", resource=arn[:200])
    return found


async def _endpoint(call: Call, endpoint_id: str) -> Resource | None:
    """A multi-region endpoint by its id, which its ARN may have in place of its name."""
    found = await call.services.store.resources.all(call.account.id, "ses", KINDS["multi-region-endpoint"])
    return next((row for row in found if row.data["id"] == endpoint_id), None)


V2: Mapping[str, Handler] = {
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
