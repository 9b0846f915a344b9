"""What the S3 action stores: objects that point at the message, so that nothing is kept twice."""

from __future__ import annotations

from sandbox.core.accounts import Account
from sandbox.core.services import Services
from sandbox.providers.ses.receiving.notices import Arrived
from sandbox.providers.ses.records import record

KIND = "s3-object"


async def put(services: Services, account: Account, bucket: str, key: str, arrived: Arrived) -> None:
    """Store the message as it is at this point; an object of the same name is replaced."""
    name = f"{bucket}/{key}"
    stored = await services.store.messages.raw(account.id, arrived.message) or b""
    added = arrived.raw[: len(arrived.raw) - len(stored)].decode("utf-8", "replace")
    data = {"bucket": bucket, "key": key, "message": arrived.message, "added": added}
    now = account.clock.now()
    found = await services.store.resources.find(account.id, "ses", KIND, name)
    if found is not None:
        await services.store.resources.change(found, now, lambda _: data)
        return
    await services.store.resources.add(record(account, KIND, name, data))


async def get(services: Services, account: Account, bucket: str, key: str) -> bytes | None:
    """The octets of an object; None when there is no such object, or its message was deleted."""
    found = await services.store.resources.find(account.id, "ses", KIND, f"{bucket}/{key}")
    if found is None:
        return None
    raw = await services.store.messages.raw(account.id, str(found.data["message"]))
    return None if raw is None else str(found.data["added"]).encode() + raw
