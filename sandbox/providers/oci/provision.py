"""What a fresh OCI account owns, and what a client must know to use it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.ids import Ids
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import keys, ocid, records, regions
from sandbox.providers.oci.identity import Identity, identity_of
from sandbox.wire.secret import secret_of

READY_MADE = "ready-made"
"""Description of the SMTP credential that every account starts with."""
PUBLIC_KEY = "oci-public-key"
"""What `Services.secrets` remembers it as, once it was told."""


async def provision(services: Services, section: Any, account: Account) -> None:
    """Give an account its identity, credentials, and the senders, suppressions and users of the settings.

    What exists already stays; what the settings have gained since is added. Identity and SMTP credential follow from
    the sandbox's secret, so that an account that was emptied gets the same ones again and its clients go on.
    """
    secret = await secret_of(services, "oci")
    public = await _known_public_key(services)
    identity, username, password = _derived(secret, account.id)
    credential = records.smtp_credential(
        account, user=identity.user, username=username, password=password, description=READY_MADE
    )
    wanted = [
        identity.resource(account),
        credential,
        *_people(account, identity),
    ]
    known = await identity_of(services, account)
    if known is not None:
        identity, wanted = known, []
    if public is not None:
        wanted.append(_api_key(account, identity, public))
    wanted += _asked_for(section, account, identity)
    await _add_missing(services, account, wanted)


async def connection(services: Services, section: Any, account: Account) -> Mapping[str, Any]:
    """The `oci` object of the ready file without its listeners; writes the key and configuration files it names."""
    identity = await identity_of(services, account)
    if identity is None:
        raise LookupError(f"account {account.id!r} was not provisioned")
    folder = (services.files / "oci").resolve()
    public = services.secrets[PUBLIC_KEY] = await asyncio.to_thread(keys.public_key, folder)
    await _add_missing(services, account, [_api_key(account, identity, public)])
    client = {
        "user": identity.user,
        "tenancy": identity.tenancy,
        "fingerprint": keys.fingerprint(public),
        "key_file": str(folder / keys.KEY_FILE),
        "region": regions.name(section.region),
    }
    config = folder / account.id / "config"
    await asyncio.to_thread(keys.write_config, config, client)
    credential = await _credential(services, account)
    return {
        **client,
        "compartment": identity.compartment,
        "config_file": str(config),
        "smtp_username": credential.key if credential else "",
        "smtp_password": credential.data["password"] if credential else "",
        "approved_sender": await _sender(services, section, account),
    }


async def _known_public_key(services: Services) -> str | None:
    """The public half of the API key pair, if that was made already."""
    if PUBLIC_KEY not in services.secrets:
        found = await asyncio.to_thread(keys.known_public_key, services.files / "oci")
        if found is None:
            return None
        services.secrets[PUBLIC_KEY] = found
    return services.secrets[PUBLIC_KEY]


@lru_cache(maxsize=64)
def _derived(secret: str, account: str) -> tuple[Identity, str, str]:
    """Identity, SMTP username and password of an account; worked out again whenever it starts over."""
    ids = Ids(f"{secret}/{account}")
    tenancy, compartment, user, group = (ocid.make(ids, kind) for kind in ("tenancy", "compartment", "user", "group"))
    username = f"{user}@{tenancy}.{ids.alphanumeric(2)}.com"
    password = ids.choose(records.PASSWORD, records.PASSWORD_LENGTH)
    return Identity(tenancy=tenancy, compartment=compartment, user=user, group=group), username, password


def _people(account: Account, identity: Identity) -> list[Resource]:
    """The compartment, and the user with the group and policy that let it do everything, as a new tenancy has them."""
    tenancy, group = identity.tenancy, "Administrators"
    return [
        records.compartment(
            account, name="sandbox", identifier=identity.compartment, parent=tenancy, description=READY_MADE
        ),
        records.user(account, tenancy=tenancy, identifier=identity.user, name="sandbox", description=READY_MADE),
        records.group(account, tenancy=tenancy, identifier=identity.group, name=group, description=READY_MADE),
        records.membership(account, tenancy=tenancy, user=identity.user, group=identity.group),
        records.policy(
            account,
            compartment=tenancy,
            name="Tenant Admin Policy",
            statements=[f"ALLOW GROUP {group} to manage all-resources IN TENANCY"],
            description=READY_MADE,
        ),
    ]


def _api_key(account: Account, identity: Identity, public: str) -> Resource:
    fingerprint = keys.fingerprint(public)
    key_id = f"{identity.tenancy}/{identity.user}/{fingerprint}"
    return records.api_key(account, key_id=key_id, user=identity.user, public=public, fingerprint=fingerprint)


def _asked_for(section: Any, account: Account, identity: Identity) -> list[Resource]:
    """What the settings name; their SMTP users belong to the ready-made account alone."""
    region = regions.name(section.region)
    asked = [
        records.sender(account, compartment=identity.compartment, region=region, address=address)
        for address in section.approved_senders
    ]
    asked += [records.suppression(account, tenancy=identity.tenancy, address=address) for address in section.suppressed]
    asked += [records.outbound_ip(account, tenancy=identity.tenancy, address=ip) for ip in section.outbound_ips]
    if account.ready_made:
        asked += [
            records.smtp_credential(
                account,
                user=identity.user,
                username=user["username"],
                password=user["password"],
                description="from the settings",
            )
            for user in section.smtp_users
        ]
    return asked


async def _add_missing(services: Services, account: Account, wanted: list[Resource]) -> None:
    """Store what is not there yet, one of each key, in one commit; take over a password that the settings changed."""
    store, fresh = services.store.resources, dict[tuple[str, str], Resource]()
    for row in wanted:
        known = await store.find(account.id, "oci", row.kind, row.key)
        if known is None:
            fresh[row.kind, row.key] = row
        elif row.kind == "smtp-credential" and known.data["password"] != row.data["password"]:
            password = row.data["password"]
            await store.change(known, account.clock.now(), lambda data, new=password: {**data, "password": new})  # type: ignore[misc]
    if fresh:
        with suppress(DuplicateKeyError):  # somebody else added the same at the same moment
            await store.add_all(fresh.values())


async def _credential(services: Services, account: Account) -> Resource | None:
    found = await services.store.resources.all(account.id, "oci", "smtp-credential")
    own = [row for row in found if row.data.get("description") == READY_MADE]
    return next(iter(own or found), None)


async def _sender(services: Services, section: Any, account: Account) -> str:
    """An address that may send: the first of the settings, else of the store; within a domain, `noreply`."""
    known = [str(row.data["emailAddress"]) for row in await services.store.resources.all(account.id, "oci", "sender")]
    candidates = [*(address for address in section.approved_senders if address in known), *known]
    address = next((one for one in candidates if not one.startswith("@")), next(iter(candidates), ""))
    return f"noreply{address}" if address.startswith("@") else address
