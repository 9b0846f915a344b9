"""What a fresh SES account owns, and what a client must know to use it."""

from __future__ import annotations

import string
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.ids import Ids
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import owner, records
from sandbox.providers.ses.identity import domain_of, is_address, new_identity
from sandbox.providers.ses.rules import in_production
from sandbox.providers.ses.smtp_password import smtp_password
from sandbox.providers.ses.sns import topics
from sandbox.wire.secret import secret_of

READY_MADE = "ready-made"
"""Description of the access key that every account starts with."""
_PUBLISHED = {"provisioned": True}
"""Mark of identities whose DKIM records the sandbox publishes itself."""
_BASE32 = string.ascii_uppercase + "234567"
_SECRET = string.ascii_letters + string.digits + "+/"


async def provision(services: Services, section: Any, account: Account) -> None:
    """Give an account its number, access key, and the identities, suppressions, keys and users of the settings.

    What exists already stays; what the settings have gained since is added. Number and keys follow from the sandbox's
    secret, so that an account that was emptied gets the same ones again and its clients go on.
    """
    secret = await secret_of(services, "ses")
    number, key_id, secret_key = _derived(secret, account.id)
    ready = records.access_key(
        account,
        key_id=key_id,
        secret=secret_key,
        user=f"arn:aws:iam::{number}:user/{owner.USER}",
        description=READY_MADE,
    )
    settings = {
        "sending_enabled": True,
        "production_access": in_production(section.limits),
        "suppressed_reasons": ["BOUNCE", "COMPLAINT"],
    }
    wanted = [records.record(account, owner.KIND, number, settings), ready, *_asked_for(section, account, number)]
    await _add_missing(services, account, wanted)


@lru_cache(maxsize=64)
def _derived(secret: str, account: str) -> tuple[str, str, str]:
    """Number, id of the access key and its secret of an account; worked out again whenever it starts over."""
    ids = Ids(f"{secret}/{account}")
    number = f"{100_000_000_000 + ids.random.randrange(900_000_000_000)}"
    return number, "AKIA" + ids.choose(_BASE32, 16), ids.choose(_SECRET, 40)


async def connection(services: Services, section: Any, account: Account) -> Mapping[str, Any]:
    """The `ses` object of the ready file without its listeners."""
    keys = await services.store.resources.all(account.id, "ses", "access-key")
    key = next((row for row in keys if row.data.get("description") == READY_MADE), None)
    if key is None:
        raise LookupError(f"account {account.id!r} was not provisioned")
    sender = await _identity(services, section, account)
    return {
        "region": section.region,
        "access_key_id": key.key,
        "secret_access_key": key.data["secret"],
        "smtp_username": key.key,
        "smtp_password": smtp_password(str(key.data["secret"]), section.region),
        "verified_identity": sender,
        "sender": sender,
    }


def _asked_for(section: Any, account: Account, number: str) -> list[Resource]:
    """What the settings name; their users and keys belong to the ready-made account alone."""
    asked = [new_identity(account, name, verified=True, more=_PUBLISHED) for name in section.verified_identities]
    asked += [_suppression(account, address) for address in section.suppressed]
    asked += topics.wanted(section, account, number)
    if account.ready_made:
        user = f"arn:aws:iam::{number}:user/"
        asked += [
            records.access_key(
                account,
                key_id=key["access_key_id"],
                secret=key["secret_access_key"],
                user=user + owner.USER,
                description="from the settings",
            )
            for key in section.access_keys
        ]
        asked += [
            records.smtp_credential(account, username=one["username"], password=one["password"], user=user + "smtp")
            for one in section.smtp_users
        ]
    return asked


def _suppression(account: Account, address: str) -> Resource:
    local, _, domain = address.strip().rpartition("@")
    listed = f"{local}@{domain.lower()}"
    return records.record(account, "suppression", listed, {"reason": "BOUNCE", "updated": account.clock.now()})


async def _add_missing(services: Services, account: Account, wanted: list[Resource]) -> None:
    """Store what is not there yet, one of each key, in one commit; take over secrets that the settings changed."""
    store, fresh = services.store.resources, dict[tuple[str, str], Resource]()
    have_number = bool(await store.all(account.id, "ses", owner.KIND))
    for row in wanted:
        known = await store.find(account.id, "ses", row.kind, row.key)
        if known is None and not (row.kind == owner.KIND and have_number):
            fresh[row.kind, row.key] = row
        elif known is not None and row.kind in ("access-key", "smtp-credential") and known.data != row.data:
            await store.change(known, account.clock.now(), lambda _, new=row.data: dict(new))  # type: ignore[misc]
    if fresh:
        with suppress(DuplicateKeyError):  # somebody else added the same at the same moment
            await store.add_all(fresh.values())


async def _identity(services: Services, section: Any, account: Account) -> str:
    """An address that may send: the first of the settings, else of the store; within a domain, `noreply`."""
    rows = await services.store.resources.all(account.id, "ses", "identity")
    known = [row.key for row in rows if row.data["verification"]["status"] == "SUCCESS"]
    candidates = [*(name for name in section.verified_identities if name in known), *known]
    address = next((one for one in candidates if is_address(one)), next(iter(candidates), ""))
    return address if is_address(address) or not address else f"noreply@{domain_of(address)}"
