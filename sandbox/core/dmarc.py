"""DMARC (RFC 7489): finding the policy of a domain, and whether DKIM and SPF speak for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.core.accounts import Account
from sandbox.core.dns.lookup import Lookup, Status

_SECOND_LEVELS = frozenset({
    "ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ltd", "me", "mil", "mod", "ne", "net", "nhs", "nom", "or",
    "org", "plc", "police", "sch",
})  # fmt: skip
"""Labels under which two-letter countries register names: `co.uk`, `com.br`, `ne.jp`."""
_TAG = re.compile(r"\s*([A-Za-z]+)\s*=\s*(.*?)\s*", re.DOTALL)
POLICIES = ("none", "quarantine", "reject")
RECORD_LENGTH = 4096


class DmarcError(ValueError):
    """A look-up or a record that settles nothing; `temporary` when another try may."""

    def __init__(self, reason: str, *, temporary: bool) -> None:
        super().__init__(reason)
        self.temporary = temporary


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A DMARC record."""

    name: str
    """Where it was found."""
    policy: str
    subdomains: str
    """The policy for names below the organizational domain."""
    strict_dkim: bool = False
    strict_spf: bool = False
    inherited: bool = False
    """Found at the organizational domain of a subdomain."""

    @property
    def wish(self) -> str:
        """What is asked for messages that fail."""
        return self.subdomains if self.inherited else self.policy


def organizational(domain: str) -> str:
    """The organizational domain (section 3.2), by a rule instead of the public suffix list.

    The registered name is the last two labels, or three where a country registers below a second level like `co`.
    """
    labels = domain.lower().rstrip(".").split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3 if deep else -2 :])


def aligned(domain: str, other: str, *, strict: bool) -> bool:
    """Whether an authenticated domain speaks for `domain`, that of the header From (section 3.1)."""
    mine, theirs = domain.lower().rstrip("."), other.lower().rstrip(".")
    if not mine or not theirs:
        return False
    return mine == theirs if strict else organizational(mine) == organizational(theirs)


async def discover(lookup: Lookup, account: Account, domain: str) -> Policy | None:
    """The policy for a domain, its own or that of its organizational domain (section 6.6.3).

    None when there is no record; `DmarcError` when a look-up fails or a record can't be used.
    """
    top = organizational(domain)
    for name in dict.fromkeys((domain, top)):
        text = await _record(lookup, account, f"_dmarc.{name}")
        if text is not None:
            return _policy(text, f"_dmarc.{name}", inherited=name != domain)
    return None


async def _record(lookup: Lookup, account: Account, name: str) -> str | None:
    answer = await lookup.query(account, name, "TXT")
    if answer.status is Status.FAILURE:
        raise DmarcError(f"the look-up of TXT {name} failed", temporary=True)
    found = [text for text in answer.records if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)]
    return found[0] if len(found) == 1 else None  # several count as none, section 6.6.3 step 5


def _policy(text: str, name: str, *, inherited: bool) -> Policy:
    tags = parse_record(text[:RECORD_LENGTH])
    policy = tags.get("p", "").lower()
    if policy not in POLICIES and tags.get("rua"):
        policy = "none"  # section 6.6.3 step 6: a record that asks for reports counts as p=none
    if policy not in POLICIES:
        raise DmarcError(f"the record at {name} has no valid p=: none, quarantine or reject", temporary=False)
    subdomains = tags.get("sp", policy).lower()
    return Policy(
        name=name,
        policy=policy,
        subdomains=subdomains if subdomains in POLICIES else policy,
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
        inherited=inherited,
    )


def parse_record(text: str) -> Mapping[str, str]:
    """The tags of a record, names in lower case; what is no tag is ignored (section 6.3)."""
    found: dict[str, str] = {}
    for piece in text.split(";"):
        match = _TAG.fullmatch(piece)
        if match:
            found.setdefault(match[1].lower(), match[2])
    return found
