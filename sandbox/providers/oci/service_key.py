"""The key with which the service itself signs every message, besides the customer's; one for the whole sandbox."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from sandbox.core.accounts import Account
from sandbox.core.dkim import SigningKey, make_private_key, public_record
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import keys, regions

KIND = "service-key"
FILE = "service_dkim.pem"


async def service_key(services: Services, account: Account, region: str) -> SigningKey:
    """The service's key for an account; made at the first call and kept, so that its record is in DNS from then on.

    The selector is `prod-`, the region's letters and the day on which the account was made.
    """
    day = datetime.fromtimestamp(account.created, UTC).strftime("%Y%m%d")
    selector = f"prod-{regions.label(region).removesuffix('1')}-{day}"
    found = await services.store.resources.find(account.id, "oci", KIND, selector)
    if found is None:
        pem = await asyncio.to_thread(keys.kept, services.files / "oci" / FILE, make_private_key)
        found = await _stored(services, account, selector, pem)
    domain = regions.return_path_host(region)
    return SigningKey(domain=domain, selector=selector, private_key=found.data["privateKey"])


async def _stored(services: Services, account: Account, selector: str, pem: str) -> Resource:
    now = account.clock.now()
    made = Resource(
        account=account.id,
        provider="oci",
        kind=KIND,
        id=selector,
        key=selector,
        data={"privateKey": pem, "txtRecordValue": public_record(pem)},
        created=now,
        updated=now,
    )
    with suppress(DuplicateKeyError):  # another call was quicker; the key in the file is the same
        await services.store.resources.add(made)
    return made
