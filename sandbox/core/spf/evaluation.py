"""`check_host` of RFC 7208 section 4: walks records, mechanisms and look-ups, within the limits that bound the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from sandbox.core.accounts import Account
from sandbox.core.auth_words import Result
from sandbox.core.dns.lookup import Answer, Lookup, Status
from sandbox.core.spf.macros import Address, expand, letters, reverse_name
from sandbox.core.spf.record import Mechanism, Record, SpfSyntaxError, is_spf, parse

LOOKUPS = 10
"""Terms that cause look-ups, in all records together (section 4.6.4)."""
VOID_LOOKUPS = 2
"""Look-ups that may find nothing."""
NAMES = 10
"""MX or PTR names of one term."""
QUALIFIERS: Mapping[str, Result] = {
    "+": Result.PASS,
    "-": Result.FAIL,
    "~": Result.SOFTFAIL,
    "?": Result.NEUTRAL,
}


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who wants to send: address of the client, reverse-path and HELO name."""

    address: Address
    mail_from: str
    """With its domain; for the null sender `postmaster@HELO` (section 2.4)."""
    helo: str


@dataclass(frozen=True, kw_only=True)
class SpfAnswer:
    """What the check came to, and why."""

    result: Result
    reason: str


class _StoppedError(Exception):
    """The check ends here, whatever includes are open."""

    def __init__(self, result: Result, reason: str) -> None:
        super().__init__(reason)
        self.answer = SpfAnswer(result=result, reason=reason)


async def check_host(lookup: Lookup, account: Account, sender: Sender, domain: str) -> SpfAnswer:
    """Whether `domain` lets `sender` send; never raises, whatever the records say."""
    if not _is_domain(domain):
        return SpfAnswer(result=Result.NONE, reason=f"{domain[:80]!r} is no domain that could have a record")
    try:
        return await _Check(lookup, account, sender).domain(domain)
    except _StoppedError as stopped:
        return stopped.answer


class _Check:
    """One check with what it has used up."""

    def __init__(self, lookup: Lookup, account: Account, sender: Sender) -> None:
        self._lookup = lookup
        self._account = account
        self._sender = sender
        self._lookups = 0
        self._void = 0
        self._matchers: Mapping[str, Callable[[Mechanism, str], Awaitable[bool]]] = {
            "include": self._include,
            "a": self._a,
            "mx": self._mx,
            "ptr": self._ptr,
            "exists": self._exists,
        }

    async def domain(self, domain: str) -> SpfAnswer:
        record = await self._record(domain)
        if record is None:
            return SpfAnswer(result=Result.NONE, reason=f"no v=spf1 record at {domain}")
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain):
                result = QUALIFIERS[mechanism.qualifier]
                reason = f"{mechanism.text} of {domain} matches {self._sender.address}"
                return SpfAnswer(result=result, reason=reason)
        if record.redirect and not any(one.name == "all" for one in record.mechanisms):
            return await self._redirected(record.redirect, domain)
        return SpfAnswer(result=Result.NEUTRAL, reason=f"nothing in the record of {domain} matches")

    async def _redirected(self, spec: str, domain: str) -> SpfAnswer:
        self._count()
        target = self._name(spec, domain)
        answer = await self.domain(target)
        if answer.result is Result.NONE:
            raise _StoppedError(Result.PERMERROR, f"{domain} redirects to {target}, which has no record")
        return answer

    async def _record(self, domain: str) -> Record | None:
        if not _is_domain(domain):
            return None
        answer = await self._ask(domain, "TXT")
        found = [text for text in answer.records if is_spf(text)]
        if len(found) > 1:
            raise _StoppedError(Result.PERMERROR, f"{domain} has {len(found)} v=spf1 records; there may be one")
        try:
            return parse(found[0]) if found else None
        except SpfSyntaxError as error:
            raise _StoppedError(Result.PERMERROR, f"the record of {domain} is wrong: {error}") from error

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self._sender.address in mechanism.network
        self._count()
        return await self._matchers[mechanism.name](mechanism, domain)

    async def _include(self, mechanism: Mechanism, domain: str) -> bool:
        target = self._name(mechanism.domain, domain)
        answer = await self.domain(target)
        if answer.result is Result.NONE:
            raise _StoppedError(Result.PERMERROR, f"{domain} includes {target}, which has no record")
        return answer.result is Result.PASS

    async def _a(self, mechanism: Mechanism, domain: str) -> bool:
        return await self._at(self._target(mechanism, domain), mechanism)

    async def _mx(self, mechanism: Mechanism, domain: str) -> bool:
        answer = await self._ask(self._target(mechanism, domain), "MX", counts=True)
        hosts = [record.split()[-1].rstrip(".") for record in answer.records if record.split()]
        if len(hosts) > NAMES:
            raise _StoppedError(Result.PERMERROR, f"{mechanism.text} of {domain} has more than {NAMES} MX hosts")
        for host in hosts:
            if host and await self._at(host, mechanism):
                return True
        return False

    async def _ptr(self, mechanism: Mechanism, domain: str) -> bool:
        target = self._target(mechanism, domain).lower().rstrip(".")
        answer = await self._ask(reverse_name(self._sender.address), "PTR", counts=True)
        for record in answer.records[:NAMES]:
            name = record.rstrip(".").lower()
            if (name == target or name.endswith("." + target)) and await self._at(name, mechanism, counts=False):
                return True
        return False

    async def _exists(self, mechanism: Mechanism, domain: str) -> bool:
        return bool((await self._ask(self._name(mechanism.domain, domain), "A", counts=True)).records)

    async def _at(self, name: str, mechanism: Mechanism, *, counts: bool = True) -> bool:
        """Whether the client's address is among those of a host, as far as the prefix lengths go."""
        version = self._sender.address.version
        answer = await self._ask(name, "A" if version == 4 else "AAAA", counts=counts)
        length = mechanism.length4 if version == 4 else mechanism.length6
        return any(self._within(record, length) for record in answer.records)

    def _within(self, record: str, length: int) -> bool:
        try:
            return self._sender.address in ip_network(f"{ip_address(record)}/{length}", strict=False)
        except ValueError:
            return False

    def _target(self, mechanism: Mechanism, domain: str) -> str:
        return self._name(mechanism.domain, domain) if mechanism.domain else domain

    def _name(self, spec: str, domain: str) -> str:
        sender = self._sender
        known = letters(sender=sender.mail_from, domain=domain, helo=sender.helo, address=sender.address)
        return expand(spec, known).rstrip(".")

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > LOOKUPS:
            raise _StoppedError(Result.PERMERROR, f"more than {LOOKUPS} terms cause DNS look-ups")

    async def _ask(self, name: str, rtype: str, *, counts: bool = False) -> Answer:
        answer = await self._lookup.query(self._account, name, rtype)
        if answer.status is Status.FAILURE:
            raise _StoppedError(Result.TEMPERROR, f"the look-up of {rtype} {name} failed")
        if counts and not answer.records:
            self._void += 1
            if self._void > VOID_LOOKUPS:
                raise _StoppedError(Result.PERMERROR, f"more than {VOID_LOOKUPS} look-ups found nothing")
        return answer


def _is_domain(domain: str) -> bool:
    """Whether this is a name of two labels or more that can be looked up (section 4.3)."""
    labels = domain.removesuffix(".").split(".")
    return len(domain) <= 255 and len(labels) > 1 and all(0 < len(label) <= 63 for label in labels)
