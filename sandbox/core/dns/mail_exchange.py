"""Where mail for a domain goes: mail exchangers in order of preference, or the reason why there is none.

RFC 5321 section 5.1 with RFC 7505. The service takes a domain without an MX for one that does not exist; the implicit
MX of the standard, a domain's own address, is a choice of the settings.
"""

from __future__ import annotations

from sandbox.core.accounts import Account
from sandbox.core.attempts import Decision, Verdict
from sandbox.core.dns.lookup import Answer, Lookup, Status
from sandbox.core.dns.resolver import reserved

NULL = "."
ACCEPTED = "250 2.1.5 Recipient ok"
FAILURES = {
    "no-name": (Verdict.PERMANENT, "550 5.1.2 Host or domain name not found: {domain}", "{domain} does not exist"),
    "null-mx": (
        Verdict.PERMANENT,
        "556 5.1.10 Recipient address has null MX: {domain}",
        "{domain} says with a null MX that it takes no mail (RFC 7505)",
    ),
    "no-mx": (Verdict.PERMANENT, "550 5.4.4 Unable to route: {domain} has no MX record", "{domain} has no MX record"),
    "no-address": (
        Verdict.PERMANENT,
        "550 5.4.4 Unable to route: no mail exchanger of {domain} has an address",
        "no mail exchanger of {domain} has an address: {hosts}",
    ),
    "failure": (
        Verdict.TEMPORARY,
        "451 4.4.3 Directory server failure: no answer for {domain}",
        "the name servers did not answer for {domain}",
    ),
}
"""What can be wrong with a domain: verdict, reply in the words of RFC 3463, and the reason for viewers."""


class MailExchange:
    """Decides by what a look-up says of the recipient's domain."""

    def __init__(self, lookup: Lookup, *, implicit_mx: bool = False) -> None:
        """`implicit_mx` delivers to the address of a domain that has no MX."""
        self._lookup = lookup
        self._implicit = implicit_mx

    async def decide(self, account: Account, domain: str) -> Decision:
        """Delivered to a host, bounced, or to be tried again while the name servers don't answer.

        `domain` is in lower case without a final dot, or an address literal.
        """
        if domain.startswith("["):
            return _delivered(domain.strip("[]").removeprefix("ipv6:"), f"{domain} is an address literal")
        if reserved(domain):
            return _failed("no-name", domain)
        found = await self._lookup.query(account, domain, "MX")
        if found.status is Status.FOUND:
            return await self._exchangers(account, domain, found)
        if found.status is Status.NO_DATA:
            return await self._without_mx(account, domain)
        return _failed("no-name" if found.status is Status.NO_NAME else "failure", domain)

    async def _exchangers(self, account: Account, domain: str, found: Answer) -> Decision:
        """The first host, in order of preference, that has an address."""
        hosts = [host for _, host in sorted(map(_parse, found.records))]
        if set(hosts) == {NULL}:
            return _failed("null-mx", domain)
        statuses = set()
        for host in hosts:
            status = Status.NO_NAME if host == NULL else await self._reachable(account, host)
            if status is Status.FOUND:
                return _delivered(host.rstrip("."), f"{domain} has the MX {host.rstrip('.')}")
            statuses.add(status)
        problem = "failure" if Status.FAILURE in statuses else "no-address"
        return _failed(problem, domain, hosts=", ".join(host.rstrip(".") for host in hosts))

    async def _without_mx(self, account: Account, domain: str) -> Decision:
        status = await self._reachable(account, domain) if self._implicit else Status.NO_DATA
        if status is Status.FOUND:
            return _delivered(domain, f"{domain} has no MX but an address (RFC 5321 section 5.1)")
        return _failed("failure" if status is Status.FAILURE else "no-mx", domain)

    async def _reachable(self, account: Account, host: str) -> Status:
        """FOUND when the host has an address of either kind; FAILURE when that is not known."""
        worst = Status.NO_NAME
        for rtype in ("A", "AAAA"):
            status = (await self._lookup.query(account, host, rtype)).status
            if status is Status.FOUND:
                return status
            worst = status if status is Status.FAILURE else worst
        return worst


def _parse(record: str) -> tuple[int, str]:
    preference, _, host = record.partition(" ")
    return int(preference), host


def _delivered(host: str, why: str) -> Decision:
    return Decision(verdict=Verdict.DELIVERED, reply=ACCEPTED, mta=host, why=why)


def _failed(problem: str, domain: str, **details: str) -> Decision:
    verdict, reply, why = FAILURES[problem]
    known = {"domain": domain, **details}
    return Decision(verdict=verdict, reply=reply.format_map(known), why=why.format_map(known))
