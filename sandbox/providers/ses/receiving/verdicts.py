"""What is found out about an arriving message before any rule sees it: authentication and content."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.core.accounts import Account
from sandbox.core.auth_results import Verdicts as Checks
from sandbox.core.auth_words import Result
from sandbox.core.delivered_copy import DeliveredCopy
from sandbox.core.services import Services
from sandbox.core.verdicts import judge
from sandbox.providers.ses.receiving import scanning

PASS, FAIL, GRAY, FAILED, DISABLED = "PASS", "FAIL", "GRAY", "PROCESSING_FAILED", "DISABLED"
_WORDS: Mapping[Result, str] = {
    Result.PASS: PASS,
    Result.FAIL: FAIL,
    Result.SOFTFAIL: GRAY,
    Result.NEUTRAL: GRAY,
    Result.NONE: GRAY,
    Result.TEMPERROR: FAILED,
    Result.PERMERROR: FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """The verdicts in the words of notifications, and what the trace fields say in more detail."""

    spam: str
    virus: str
    checks: Checks

    @property
    def words(self) -> dict[str, str]:
        """Verdict by name (`spam`, `virus`, `spf`, `dkim`, `dmarc`), and `dmarcPolicy` when DMARC failed."""
        checks = self.checks
        found = {
            "spam": self.spam,
            "virus": self.virus,
            "spf": _WORDS[checks.spf.result],
            "dkim": _WORDS[checks.dkim.result],
            "dmarc": _WORDS[checks.dmarc.result],
        }
        if checks.dmarc.result is Result.FAIL:
            found["dmarcPolicy"] = checks.dmarc.policy
        return found


async def verdicts(services: Services, account: Account, copy: DeliveredCopy, *, scans: bool) -> Verdicts:
    """The verdicts about a message as it arrived; without `scans`, its content is not looked at."""
    checks = await judge(services.dns.lookup, account, copy)
    spam = virus = DISABLED
    if scans:
        spam, virus = await asyncio.to_thread(_scan, copy.octets)
    return Verdicts(spam=spam, virus=virus, checks=checks)


def _scan(raw: bytes) -> tuple[str, str]:
    return (FAIL if scanning.spam(raw) else PASS, FAIL if scanning.infected(raw) else PASS)
