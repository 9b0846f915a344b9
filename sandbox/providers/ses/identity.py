"""What an identity is: the stored form of an address or domain, and which one covers an address."""

from __future__ import annotations

import base64
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ses.records import record

KIND = "identity"
PENDING, SUCCESS, FAILED, NOT_STARTED = "PENDING", "SUCCESS", "FAILED", "NOT_STARTED"
DEFAULT_KEY = "RSA_2048_BIT"
_LETTERS = string.ascii_letters + string.digits


def is_address(name: str) -> bool:
    """Whether an identity is an address; else it is a domain."""
    return "@" in name


def domain_of(name: str) -> str:
    """The domain of an address or of a domain, in lower case."""
    return name.rpartition("@")[2].lower().rstrip(".")


def key_of(name: str) -> str:
    """How an identity is kept: addresses as they are written, domains in lower case."""
    return name if is_address(name) else domain_of(name)


def new_identity(
    account: Account, name: str, *, verified: bool, dkim: bool = True, more: Mapping[str, Any] | None = None
) -> Resource:
    """An identity as it is created: pending, or verified already; a domain with Easy DKIM or without."""
    key, now = key_of(name), account.clock.now()
    status, domain = SUCCESS if verified else PENDING, not is_address(key)
    data: dict[str, Any] = {
        "verification": {
            "status": status,
            "token": base64.b64encode(account.ids.random.randbytes(32)).decode("ascii"),
            "link": "" if domain else account.ids.choose(_LETTERS, 40),
            "started": now,
            **({"checked": now, "succeeded": now} if verified else {}),
        },
        "dkim": _new_dkim(account, status if domain and dkim else NOT_STARTED),
        "mail_from": {},
        "feedback": True,
        "topics": {},
        "headers_in": {},
        "policies": {},
        "tags": [],
        **(more or {}),
    }
    return record(account, KIND, key, data)


def _new_dkim(account: Account, status: str) -> dict[str, Any]:
    """Easy DKIM with three tokens, or, for addresses and domains that begin without, nothing but a place for it."""
    now, signs = account.clock.now(), status != NOT_STARTED
    return {
        "enabled": signs,
        "status": status,
        "tokens": [account.ids.base32(32) for _ in range(3)] if signs else [],
        "origin": "AWS_SES",
        "started": now,
        "next_key_length": DEFAULT_KEY if signs else "RSA_1024_BIT",
        **({"key_length": DEFAULT_KEY, "generated": now} if signs else {}),
    }


def verified(identity: Resource) -> bool:
    """Whether an identity may send."""
    return bool(identity.data["verification"]["status"] == SUCCESS)


def candidates(address: str) -> Iterator[str]:
    """The identities that may cover an address, the closest first: itself without label, its domain, those above."""
    local, _, domain = address.rpartition("@")
    yield address
    plain = local.partition("+")[0]
    if plain and plain != local:
        yield f"{plain}@{domain}"
    labels = domain_of(address).split(".")
    for at in range(len(labels) - 1):
        yield ".".join(labels[at:])


async def sending(services: Services, account: Account, address: str) -> Resource | None:
    """The closest verified identity of an address; None when it may not send."""
    for name in candidates(address):
        found = await find(services, account, name)
        if found is not None and verified(found):
            return found
    return None


async def signing(services: Services, account: Account, address: str) -> Resource | None:
    """The identity that signs for an address: the closest domain, or the address, with DKIM that works; else None."""
    for name in candidates(address):
        found = await find(services, account, name)
        if found is not None and found.data["dkim"]["enabled"] and found.data["dkim"]["status"] == SUCCESS:
            return found
    return None


def selector_of(found: Resource) -> str:
    """The selector of an identity's signatures: the customer's own, or the first of the tokens."""
    dkim = found.data["dkim"]
    return str(dkim["selector"] if dkim["origin"] == "EXTERNAL" else dkim["tokens"][0])


async def find(services: Services, account: Account, name: str) -> Resource | None:
    """The identity of this very name, None when there is none."""
    return await services.store.resources.find(account.id, "ses", KIND, key_of(name))


async def _first(services: Services, account: Account, names: Iterable[str]) -> Resource | None:
    for name in names:
        found = await find(services, account, name)
        if found is not None:
            return found
    return None
