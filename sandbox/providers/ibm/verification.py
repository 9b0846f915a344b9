"""What must be true of a configuration before mail is sent: its SPF and DKIM records, and IBM's authorization.

SPF and DKIM are looked up when somebody asks for verification, and again every `check_interval` of the account's clock.
The periodic check is made good whenever a configuration is used or looked at, and in the background meanwhile.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import parse_duration, to_iso
from sandbox.core.dns.lookup import Status
from sandbox.core.errors import StoreError
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ibm import regions, signing_keys
from sandbox.providers.ibm.records import CHECKS, FAILED, PENDING, SUCCESSFUL

NOT_VERIFIED, SUSPENDED = "smtp.550.not-verified", "smtp.550.suspended"
PERIODIC = ("dkim", "spf")
LOOK_SECONDS = 2.0
"""Real seconds between two looks at the clocks, which may be moved at any time."""
_BLANKS = re.compile(r"\s+")
_KEY = re.compile(r"(?:^|;)p=([^;]*)")


def obstacle(config: Resource) -> str:
    """The catalog's row for why a configuration must not send, empty when it may."""
    states = [config.data["verification"][check] for check in CHECKS]
    if all(state == SUCCESSFUL for state in states):
        return ""
    return SUSPENDED if config.data.get("wasVerified") else NOT_VERIFIED


async def settled(services: Services, section: Any, account: Account, config: Resource) -> Resource:
    """The configuration after the periodic check, if one has become due."""
    interval = parse_duration(section.check_interval).total_seconds()
    checked = float(config.data.get("checked", config.created))
    if 0 <= account.clock.now() - checked < interval:
        return config
    due = [check for check in PERIODIC if config.data["verification"][check] != PENDING]
    return await verify(services, section, account, config, due)


async def verify(
    services: Services, section: Any, account: Account, config: Resource, checks: Collection[str]
) -> Resource:
    """Look some things up now; what can't be looked up at the moment stays as it was."""
    found = {check: await _CHECKS[check](services, section, account, config) for check in checks}
    states = {check: SUCCESSFUL if good else FAILED for check, good in found.items() if good is not None}
    if "en_authorization" in found and not found["en_authorization"]:
        states["en_authorization"] = PENDING
    now = account.clock.now()

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        after = {**data["verification"], **states}
        verified = data.get("wasVerified") or all(state == SUCCESSFUL for state in data["verification"].values())
        changed = {} if after == data["verification"] else {"updatedAt": to_iso(now)}
        return {**data, **changed, "verification": after, "checked": now, "wasVerified": bool(verified)}

    return await services.store.resources.change(config, now, edit)


async def _dkim(services: Services, section: Any, account: Account, config: Resource) -> bool | None:  # noqa: ARG001
    """Whether the TXT record at the selector has the configuration's key."""
    if services.permissive:
        return True
    answer = await services.dns.lookup.query(account, signing_keys.record_name(config), "TXT")
    if answer.status is Status.FAILURE:
        return None
    wanted = _key(await signing_keys.record_value(services, config))
    return any(_key(record) == wanted for record in answer.records)


def _key(record: str) -> str:
    match = _KEY.search(_BLANKS.sub("", record))
    return match[1] if match else ""


async def _spf(services: Services, section: Any, account: Account, config: Resource) -> bool | None:
    """Whether an SPF record of the domain includes the service.

    Lenient about blanks: a record that was entered without quotes is several strings, which join without them.
    """
    if services.permissive:
        return True
    answer = await services.dns.lookup.query(account, str(config.data["domain"]), "TXT")
    if answer.status is Status.FAILURE:
        return None
    wanted = f"include:{regions.spf_host(section.region)}"
    return any(record.lower().startswith("v=spf1") and wanted in record.lower() for record in answer.records)


async def _authorization(services: Services, section: Any, account: Account, config: Resource) -> bool | None:  # noqa: ARG001
    """Whether IBM's support has authorized the interface, which the settings decide in its place."""
    return services.permissive or section.authorization == "granted"


_CHECKS: Mapping[str, Callable[[Services, Any, Account, Resource], Awaitable[bool | None]]] = {
    "dkim": _dkim,
    "spf": _spf,
    "en_authorization": _authorization,
}


async def watch(services: Services, section: Any) -> None:
    """Make every periodic check when it is due, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for account in services.accounts.all():
            try:
                for config in await services.store.resources.all(account.id, "ibm", "smtp-config"):
                    await settled(services, section, account, config)
            except StoreError:  # the account was removed meanwhile, or the disk is full; the next look will tell
                continue
