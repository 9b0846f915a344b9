"""What a fresh account owns: an instance with a verified configuration, a user, and a service id with an API key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.ids import Ids
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ibm import networks, records, regions
from sandbox.providers.ibm.secrets import derived

READY_MADE = "ready-made"
"""Name of the configuration and the API key that every account starts with."""


async def provision(services: Services, section: Any, account: Account) -> None:
    """Give an account what a new instance needs to send, and what the settings ask for besides.

    What exists already stays; what the settings have gained since is added. Identifiers and credentials follow from
    the sandbox's secret, so that an account that was emptied gets the same ones again and its clients go on.
    """
    ids = await derived(services, account.id)
    instance, service_id = ids.uuid(), f"iam-ServiceId-{ids.uuid()}"
    key = ids.choose(records.KEY, records.KEY_LENGTH)
    users = [(new_username(ids), ids.choose(records.PASSWORD, records.PASSWORD_LENGTH), READY_MADE)]
    keys = [(key, READY_MADE)]
    if account.ready_made:
        users += [(one["username"], one["password"], "from the settings") for one in section.smtp_users]
        keys += [(secret, "from the settings") for secret in section.api_keys]
    of_domain = await derived(services, f"{account.id}/{section.domain}")
    subnets = [networks.normal(subnet) for subnet in section.allowed_ips]
    wanted = [
        *(records.api_key(account, secret=secret, name=name, service_id=service_id) for secret, name in keys),
        *_configured(account, of_domain, section.domain, users),
    ]
    if await networks.instance_of(services, account) is None:
        wanted.append(records.instance(account, identifier=instance, service_id=service_id, subnets=subnets))
    await _add_missing(services, account, wanted)


def _configured(account: Account, ids: Ids, domain: str, people: Sequence[tuple[str, str, str]]) -> list[Resource]:
    """A verified configuration of a domain, and its users as (username, password, description)."""
    config = records.configuration(
        account,
        identifier=ids.uuid(),
        name=f"{READY_MADE} {domain}",
        description="The configuration that comes with the account",
        domain=domain,
        more={
            "selector": ids.uuid(),
            "readyMade": True,
            "verification": dict.fromkeys(records.CHECKS, records.SUCCESSFUL),
            "checked": account.clock.now(),
        },
    )
    rows = [config]
    for username, password, description in people:
        rows += [
            records.user(account, identifier=ids.uuid(), config=config, username=username, description=description),
            records.login(account, username=username, password=password),
        ]
    config.data["users"].extend(row.id for row in rows if row.kind == "smtp-user")
    return rows


def new_username(ids: Ids) -> str:
    """Eighteen lower-case letters or digits and two digits, as the service makes usernames."""
    return ids.choose(records.LETTERS, 18) + ids.choose("0123456789", 2)


async def _add_missing(services: Services, account: Account, wanted: list[Resource]) -> None:
    """Store what is not there yet, one of each key, in one commit."""
    store, fresh = services.store.resources, dict[tuple[str, str], Resource]()
    for row in wanted:
        if await store.find(account.id, "ibm", row.kind, row.key) is None:
            fresh[row.kind, row.key] = row
    if fresh:
        with suppress(DuplicateKeyError):  # somebody else added the same at the same moment
            await store.add_all(fresh.values())


async def connection(services: Services, section: Any, account: Account) -> Mapping[str, Any]:
    """What a client needs: instance, API key, SMTP user, the domain to send from."""
    store = services.store.resources
    instance = await networks.instance_of(services, account)
    keys = await store.all(account.id, "ibm", "api-key")
    keys = [one for one in keys if one.data["name"] == READY_MADE] or keys
    users = await store.all(account.id, "ibm", "smtp-user")
    users = [one for one in users if one.data["description"] == READY_MADE] or users
    username = str(users[0].data["username"]) if users else ""
    login = await store.find(account.id, "ibm", "smtp-login", username)
    own = await store.find(account.id, "ibm", "smtp-config", section.domain.lower())
    configs = [*filter(None, [own]), *await store.all(account.id, "ibm", "smtp-config")]
    domain = str(configs[0].data["domain"]) if configs else section.domain
    return {
        "region": regions.name(section.region),
        "instance_id": instance.id if instance else "",
        "apikey": keys[0].data["apikey"] if keys else "",
        "smtp_config_id": configs[0].id if configs else "",
        "smtp_username": username,
        "smtp_password": login.data["password"] if login else "",
        "domain": domain,
        "sender": f"noreply@{domain}",
    }
