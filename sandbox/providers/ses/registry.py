"""The identities of an account: added, found, changed, removed; every look at one settles what it waits for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import identity, keys, mailboxes, verification_mail
from sandbox.providers.ses.call import Call
from sandbox.providers.ses.identity import is_address
from sandbox.providers.ses.verification import settle

MOST = 10_000
"""Identities of an account in a region."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}\.?")


async def added(
    call: Call, name: str, more: Mapping[str, Any] | None = None, *, mail: bool = True, dkim: bool = True
) -> Resource:
    """A new identity, with its verification mail on the way; refuses one that there is, and one too many.

    Without `dkim` a domain does not begin with Easy DKIM, as API v1 has it.
    """
    store = call.services.store.resources
    if len(await store.all(call.account.id, "ses", identity.KIND)) >= MOST:
        raise Refusal("api.LimitExceededException.identities", limit=MOST)
    made = identity.new_identity(call.account, name, verified=call.services.permissive, dkim=dkim, more=more)
    try:
        made = await store.add(made)
    except DuplicateKeyError as error:
        raise Refusal("api.AlreadyExistsException.identity", resource=name) from error
    if mail and is_address(made.key) and not identity.verified(made):
        await verification_mail.send(call, made)
    return made


async def needed(call: Call, name: str) -> Resource:
    """The identity of this name, after looking for what it waits for; refuses one that there is not."""
    found = await known(call, name)
    if found is None:
        raise Refusal("api.NotFoundException.identity", resource=name)
    return found


async def change(call: Call, found: Resource, new: Mapping[str, Any]) -> Resource:
    """Replace parts of an identity."""
    return await call.services.store.resources.change(found, call.now, lambda data: {**data, **new})


async def remove(call: Call, found: Resource) -> None:
    """Remove an identity with its key."""
    await call.services.store.resources.remove(found)
    await keys.drop(call.services, call.account, found.key)


async def known(call: Call, name: str) -> Resource | None:
    """The identity of this name, after looking for what it waits for; None when there is none."""
    found = await identity.find(call.services, call.account, name)
    return found and await settle(call.services, call.account, found)


async def known_older(call: Call, name: str) -> Resource:
    """The same for API v1, which has other words for an identity that there is not."""
    found = await known(call, name)
    if found is None:
        raise Refusal("api.BadRequestException.no-identity", resource=name)
    return found


async def all_of(call: Call) -> Sequence[Resource]:
    """Every identity of the account, after looking for what they wait for; the oldest first."""
    rows = await call.services.store.resources.all(call.account.id, "ses", identity.KIND)
    return [await settle(call.services, call.account, row) for row in rows]


def check_name(name: str) -> str:
    """The name as it is given; refuses what is neither address nor domain."""
    if is_address(name):
        try:
            plain = mailboxes.read(name).address
        except Refusal:
            plain = ""
        if plain != name:
            raise Refusal("api.BadRequestException.identity", parameter=f"Invalid email address<{name[:320]}>.")
    elif not _DOMAIN.fullmatch(name) or len(name) > 253:
        raise Refusal("api.BadRequestException.identity", parameter=f"Invalid domain name {name[:320]}.")
    return name
