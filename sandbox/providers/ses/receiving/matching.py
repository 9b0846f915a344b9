"""Which filters and rules an arriving message meets: pure functions of what the account has stored.

Sources: the developer guide, "Email receiving concepts" (order of the checks) and the walkthrough of receipt rules
(recipient conditions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

Rule = Mapping[str, Any]
"""A receipt rule as the API has it: Name, Enabled, TlsPolicy, Recipients, Actions, ScanEnabled."""


def admitted(filters: Iterable[Mapping[str, Any]], client: str) -> bool:
    """Whether the IP filters let a client's address in: what is allowed is, whatever else blocks it.

    `filters` are IpFilter objects (Policy, Cidr) that were checked when they were made.
    """
    try:
        address = ip_address(client)
    except ValueError:  # a client without an address, as over a socket file
        return True
    policies = {one["Policy"] for one in filters if address in ip_network(one["Cidr"], strict=False)}
    return "Allow" in policies or "Block" not in policies


def covers(condition: str, address: str) -> bool:
    """Whether a recipient condition is met by an address.

    `user@example.com` is that mailbox, with any `+label`; `example.com` the domain without its subdomains;
    `.example.com` the subdomains without the domain. Case does not matter.
    """
    condition, address = condition.lower(), address.lower()
    local, _, domain = address.rpartition("@")
    if "@" in condition:
        return condition in (address, f"{local.partition('+')[0]}@{domain}")
    return domain.endswith(condition) if condition.startswith(".") else domain == condition


def applies(rule: Rule, address: str) -> bool:
    """Whether a rule is for a recipient of a verified domain: enabled, and without conditions or with one it meets."""
    conditions = rule.get("Recipients") or ()
    return bool(rule.get("Enabled")) and (not conditions or any(covers(one, address) for one in conditions))


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A rule and the recipients of one message that it is for."""

    rule: Rule
    recipients: Sequence[str]


def meetings(rules: Iterable[Rule], recipients: Sequence[str]) -> list[Meeting]:
    """The rules of a set that apply to a message, in their order, each with its recipients."""
    found = [Meeting(rule=rule, recipients=[one for one in recipients if applies(rule, one)]) for rule in rules]
    return [one for one in found if one.recipients]


def needs_tls(rules: Iterable[Rule], address: str) -> bool:
    """Whether every rule for a recipient wants the message to come over TLS."""
    mine = [rule for rule in rules if applies(rule, address)]
    return bool(mine) and all(rule.get("TlsPolicy") == "Require" for rule in mine)
