"""The names that the service itself publishes: mail domains, SPF records, and the keys that Easy DKIM points to."""

from __future__ import annotations

from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.dns.records import quoted
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ses import keys
from sandbox.providers.ses.identity import KIND
from sandbox.providers.ses.ids import mail_domain, return_domain

DOMAIN = "amazonses.com"
HOSTED_ZONE = f"dkim.{DOMAIN}"
"""Where the CNAMEs of Easy DKIM point to."""
SPF = quoted("v=spf1 ip4:192.0.2.0/24 -all")
"""The sandbox sends from the range that RFC 5737 keeps for documentation."""
ADDRESS = "192.0.2.10"
NAMESERVERS = ("ns-1.amazonses.com.", "ns-2.amazonses.com.")
SELECTORS = {"us-east-1": "224i4yxa5dv7c2xz3womw6peuasteono", "us-west-2": "gdwg2y3kokkkj5a55z2ilkup5wp5hhxx"}
"""Selectors of the service's own signature, as far as they are known."""
_OTHER_SELECTOR = "ug7nbtf4gccmlpwj322ax3p6ow6yfsug"

Node = dict[str, list[str]]


def selector(region: str) -> str:
    """The selector of the service's own signature in a region."""
    return SELECTORS.get(region, _OTHER_SELECTOR)


def feedback_host(region: str) -> str:
    """The host that takes bounces of custom MAIL FROM domains."""
    return f"feedback-smtp.{region}.{DOMAIN}"


def inbound_host(region: str) -> str:
    """The host that takes mail for domains that receive."""
    return f"inbound-smtp.{region}.amazonaws.com"


async def names(services: Services, section: Any, account: Account, name: str, rtype: str) -> list[str] | None:
    """The service's own records of a type at a name, as `Provider.names` says."""
    region = section.region
    if name == inbound_host(region):
        return {"A": [ADDRESS]}.get(rtype, [])
    if name != DOMAIN and not name.endswith(f".{DOMAIN}"):
        return await _provisioned(services, account, name, rtype)
    node = _fixed(region).get(name) or await _token(services, account, name)
    if node is None and name == f"{selector(region)}._domainkey.{DOMAIN}":
        node = {"TXT": [quoted(await keys.published(services, account, keys.SERVICE))]}
    if node is None:
        raise NotFoundError(f"the service has no name {name}")
    return node.get(rtype, [])


def _fixed(region: str) -> dict[str, Node]:
    """What is the same for every account."""
    returns: Node = {"A": [ADDRESS], "MX": [f"10 {feedback_host(region)}."], "TXT": [SPF]}
    soa = f"{NAMESERVERS[0]} hostmaster.{DOMAIN}. 1 3600 600 604800 300"
    found: dict[str, Node] = {
        return_domain(region): dict(returns),
        mail_domain(region): dict(returns),
        feedback_host(region): {"A": [ADDRESS]},
        f"simulator.{DOMAIN}": {"A": [ADDRESS], "MX": [f"10 {feedback_host(region)}."]},
        f"{region}.{DOMAIN}": {} if region == "us-east-1" else dict(returns),
        HOSTED_ZONE: {},
    }
    found[DOMAIN] = {**found.get(DOMAIN, {}), "TXT": [SPF], "SOA": [soa], "NS": list(NAMESERVERS)}
    return found


async def _token(services: Services, account: Account, name: str) -> Node | None:
    """What the CNAMEs of an identity point to: `<token>.dkim.amazonses.com`; all three have the same key."""
    token, dot, zone = name.partition(".")
    if not dot or zone != HOSTED_ZONE:
        return None
    for row in await services.store.resources.all(account.id, "ses", KIND):
        if token in row.data["dkim"].get("tokens", ()) and _easy(row):
            return {"TXT": [quoted(await keys.published(services, account, row.key))]}
    return None


async def _provisioned(services: Services, account: Account, name: str, rtype: str) -> list[str] | None:
    """The CNAMEs of domains that the settings say are verified: nobody else could publish them."""
    token, dot, domain = name.partition("._domainkey.")
    found = await services.store.resources.find(account.id, "ses", KIND, domain) if dot else None
    if found is None or not found.data.get("provisioned") or token not in found.data["dkim"]["tokens"]:
        return None
    return [f"{token}.{HOSTED_ZONE}."] if rtype == "CNAME" else []


def _easy(row: Resource) -> bool:
    return bool(row.data["dkim"]["origin"] != "EXTERNAL")
