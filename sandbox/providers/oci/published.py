"""What customers have published in DNS: the records that DKIM keys, return paths and SPF wait for."""

from __future__ import annotations

import re

from sandbox.core.accounts import Account
from sandbox.core.dns.lookup import Lookup, Status
from sandbox.core.services import Services

_SPF = re.compile(r"^v=spf1.*include:(?:(?:ap|eu)\.)?rp\.oracleemaildelivery\.com", re.IGNORECASE)
_BLANKS = re.compile(r"\s+")


async def is_spf(services: Services, account: Account, domain: str) -> bool:
    """Whether the domain's SPF record includes the service.

    Lenient about blanks: a record that was entered without quotes is several strings, which join without them.
    """
    answer = await services.dns.lookup.query(account, domain, "TXT")
    return any(_SPF.match(record) for record in answer.records)


async def problem(services: Services, account: Account, *, name: str, target: str, text: str = "") -> str | None:
    """What is wrong with the CNAME that `name` should have; empty when nothing is, None when nobody can tell now.

    Where there is no CNAME, a TXT record with `text` does as well. Names come with or without final dots.
    """
    lookup, wanted = services.dns.lookup, _plain(target)
    answer = await lookup.query(account, name, "CNAME")
    if answer.status is Status.FAILURE:
        return None
    found = [_plain(record) for record in (*answer.records, *answer.aliases)]
    if wanted in found:
        return ""
    if found:
        return _wrong_target(_plain(name), found[0], wanted)
    if text and await _has_text(lookup, account, name, text):
        return ""
    return await _missing(lookup, account, _plain(name), wanted)


async def _has_text(lookup: Lookup, account: Account, name: str, text: str) -> bool:
    answer = await lookup.query(account, name, "TXT")
    return any(_BLANKS.sub("", record) == _BLANKS.sub("", text) for record in answer.records)


async def _missing(lookup: Lookup, account: Account, name: str, target: str) -> str:
    """Why there is no CNAME at a name; looks where it lands when a DNS provider takes the name as relative."""
    labels = name.split(".")
    for at in range(1, len(labels) - 1):
        doubled = f"{name}.{'.'.join(labels[at:])}"
        answer = await lookup.query(account, doubled, "CNAME")
        if target in {_plain(record) for record in (*answer.records, *answer.aliases)}:
            return (
                f"The CNAME record was found at {doubled} instead of {name}: the DNS provider took the name as "
                f"relative to the zone. Enter it with a final dot, or without the name of the zone."
            )
    return f"No CNAME record was found at {name}. It must point to {target}."


def _wrong_target(name: str, found: str, wanted: str) -> str:
    if found.startswith(wanted + "."):
        return (
            f"The CNAME record at {name} points to {found}: the DNS provider took the target as relative to the zone. "
            f"Enter {wanted}. with its final dot."
        )
    return f"The CNAME record at {name} points to {found} instead of {wanted}."


def _plain(name: str) -> str:
    return name.lower().rstrip(".")
