"""The names that the service itself publishes: SPF includes, return-path hosts, and the keys that DKIM points to."""

from __future__ import annotations

from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.dns.records import quoted
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.oci import regions

NAMESERVERS = tuple(f"ns{number}.p68.dns.oraclecloud.net." for number in range(1, 5))
"""Name servers of every zone; which numbers a real zone gets differs."""
SPF = quoted("v=spf1 ip4:192.0.2.0/24 ~all")
"""The sandbox sends from the range that RFC 5737 keeps for documentation."""
ADDRESS = "192.0.2.10"
INCLUDES = tuple(f"{part}rp.{regions.MAIL_DOMAIN}" for part in ("", "ap.", "eu."))
"""Hosts that customers' SPF records include: the Americas, Asia and the Pacific, Europe."""
LABELS = frozenset(map(regions.label, regions.KEYS))

Node = dict[str, list[str]]


def _return_path(host: str) -> Node:
    """A domain of envelope senders: it takes bounces, and mail from it comes from the service's addresses."""
    return {"A": [ADDRESS], "MX": [f"10 {host}."], "TXT": [SPF]}


_SOA = f"{NAMESERVERS[0]} hostmaster.{regions.MAIL_DOMAIN}. 1 3600 600 604800 300"
_FIXED: dict[str, Node] = {
    regions.MAIL_DOMAIN: {"SOA": [_SOA], "NS": list(NAMESERVERS)},
    **{host: {"TXT": [SPF]} for host in INCLUDES},
    **{host: _return_path(host) for host in (f"{label}.rp.{regions.MAIL_DOMAIN}" for label in sorted(LABELS))},
    **{f"{label}.{regions.MAIL_DOMAIN}": {} for label in LABELS},
    **{f"dkim.{label}.{regions.MAIL_DOMAIN}": {} for label in LABELS},
}
"""What is the same for every account."""


async def names(services: Services, section: Any, account: Account, name: str, rtype: str) -> list[str] | None:
    """The service's own records of a type at a name, as `Provider.names` says."""
    if name != regions.MAIL_DOMAIN and not name.endswith(f".{regions.MAIL_DOMAIN}"):
        return None
    node = _FIXED.get(name)
    if node is None:
        node = await _service_key(services, section, account, name) or await _key(services, account, name)
    if node is None:
        raise NotFoundError(f"the service has no name {name}")
    return node.get(rtype, [])


async def _key(services: Services, account: Account, name: str) -> Node | None:
    """What the CNAME of a customer's DKIM points to: `<selector>.<domain>.dkim.<label>.oracleemaildelivery.com`."""
    if ".dkim." not in name:
        return None
    rows = await services.store.resources.all(account.id, "oci", "dkim")
    found = next((row for row in rows if _same(row.data.get("cnameRecordValue"), name)), None)
    return _published(found)


async def _service_key(services: Services, section: Any, account: Account, name: str) -> Node | None:
    """The key of the service's own signature: `prod-<key>-YYYYMMDD._domainkey.<return path host>`."""
    selector, dot, host = name.partition("._domainkey.")
    if not dot or host != regions.return_path_host(regions.name(section.region)):
        return None
    own = await services.store.resources.find(account.id, "oci", "service-key", selector)
    anywhere = await services.store.resources.anywhere("oci", "service-key", selector)
    return _published(own or next(iter(anywhere), None))


def _published(key: Resource | None) -> Node | None:
    value = key.data.get("txtRecordValue") if key else None
    return {"TXT": [quoted(value)]} if value else None


def _same(value: object, name: str) -> bool:
    return isinstance(value, str) and value.lower().rstrip(".") == name
