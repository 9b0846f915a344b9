"""The RSA keys of DKIM: one for each identity with Easy DKIM, made when it is first needed, and the service's own."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sandbox.core.accounts import Account
from sandbox.core.late import Late
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses.records import record

_make_private_key = Late("sandbox.core.dkim:make_private_key")  # cryptography is not for those who never sign
_public_record = Late("sandbox.core.dkim:public_record")
KIND = "dkim-key"
SERVICE = "amazonses.com"
"""Name of the key with which the service signs besides its customers."""


async def private_key(services: Services, account: Account, name: str) -> str:
    """The PEM of the key that belongs to an identity, or to the service; made and stored at the first call."""
    found = await services.store.resources.find(account.id, "ses", KIND, name)
    if found is None:
        found = await _stored(services, account, name, await asyncio.to_thread(_make_private_key))
    return str(found.data["private_key"])


async def published(services: Services, account: Account, name: str) -> str:
    """The text of the key's record in DNS."""
    return str(_public_record(await private_key(services, account, name)))


async def drop(services: Services, account: Account, name: str) -> None:
    """Forget the key of an identity that was deleted."""
    found = await services.store.resources.find(account.id, "ses", KIND, name)
    if found is not None:
        await services.store.resources.remove(found)


async def _stored(services: Services, account: Account, name: str, pem: str) -> Resource:
    with suppress(DuplicateKeyError):  # another call was quicker
        await services.store.resources.add(record(account, KIND, name, {"private_key": pem}))
    found = await services.store.resources.find(account.id, "ses", KIND, name)
    assert found is not None
    return found
