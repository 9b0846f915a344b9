"""The names that the service publishes itself, and the records of the configurations that come with the accounts."""

from __future__ import annotations

from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.dns.records import quoted
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ibm import regions, signing_keys

SPF = quoted("v=spf1 ip4:192.0.2.0/24 ~all")
"""The sandbox sends from the range that RFC 5737 keeps for documentation."""
_SOA = f"ns1.{regions.DOMAIN}. hostmaster.{regions.DOMAIN}. 1 3600 600 604800 300"


def spf_value(region: str) -> str:
    """The SPF record that a configuration asks for."""
    return f"v=spf1 include:{regions.spf_host(region)} ~all"


async def names(services: Services, section: Any, account: Account, name: str, rtype: str) -> list[str] | None:
    """The service's records of a type at a name, as `Provider.names` says.

    A zone of the account is asked before: whoever makes one for the ready-made domain takes its records over.
    """
    if name == regions.DOMAIN:
        return [_SOA] if rtype == "SOA" else []
    if name in {regions.spf_host(region) for region in ("us-south", "eu-de")}:
        return [SPF] if rtype == "TXT" else []
    if name.endswith(f".{regions.DOMAIN}"):
        raise NotFoundError(f"the service has no name {name}")
    if rtype != "TXT":
        return None
    for config in await services.store.resources.all(account.id, "ibm", "smtp-config"):
        if config.data.get("readyMade"):
            found = await _published(services, section, config, name)
            if found is not None:
                return found
    return None


async def _published(services: Services, section: Any, config: Resource, name: str) -> list[str] | None:
    if name == config.data["domain"].lower():
        return [quoted(spf_value(section.region))]
    if name == signing_keys.record_name(config).lower():
        return [quoted(await signing_keys.record_value(services, config))]
    return None
