"""Which addresses may connect by SMTP: the network zone of a context-based restriction, an instance at a time."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.services import Services

TURNED_AWAY = "smtp.554.client-denied"


def normal(subnet: str) -> str:
    """An address or a subnet as it is kept; host bits are dropped. `ValueError` says what is wrong with it."""
    return str(ip_network(subnet.strip(), strict=False))


def within(client: str, subnets: Sequence[str]) -> bool:
    """Whether an IP address lies in one of the subnets; an IPv4 address may come in IPv6's clothes."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    forms = [address] if mapped is None else [address, mapped]
    return any(form in ip_network(subnet) for subnet in subnets for form in forms)


async def instance_of(services: Services, account: Account) -> Resource | None:
    """The account's instance; None before it was provisioned."""
    return next(iter(await services.store.resources.all(account.id, "ibm", "instance")), None)


async def admit(services: Services, client: str) -> None:
    """Turn away a client that no instance lets connect; whose it is, is known when it logs in."""
    if services.permissive:
        return
    for account in services.accounts.all():
        if await allowed(services, account, client):
            return
    raise Refusal(TURNED_AWAY)


async def allowed(services: Services, account: Account, client: str) -> bool:
    """Whether an account's instance lets the client connect."""
    found = await instance_of(services, account)
    return found is not None and within(client, found.data["subnets"])
