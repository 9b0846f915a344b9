"""Who answers the sandbox's own questions: its zones alone, or its zones in a world where every domain exists."""

from __future__ import annotations

from sandbox.core.accounts import Account
from sandbox.core.dns import lookup
from sandbox.core.dns.authority import Authority, Resolution, Status
from sandbox.core.dns.lookup import Answer
from sandbox.core.dns.records import RecordError, shown

RESERVED = "invalid"
"""The top-level domain that never exists, RFC 6761 section 6.4."""
ADDRESSES = {"A": "192.0.2.25", "AAAA": "2001:db8::25"}
"""Of every host in a world where all exist; RFC 5737 and RFC 3849 keep them for documentation."""

_STATUS = {
    Status.FOUND: lookup.Status.FOUND,
    Status.NO_DATA: lookup.Status.NO_DATA,
    Status.NO_NAME: lookup.Status.NO_NAME,
    Status.OUTSIDE: lookup.Status.NO_NAME,
    Status.REFERRAL: lookup.Status.FAILURE,
    Status.LOOP: lookup.Status.FAILURE,
}
"""Servers that a zone delegates to don't answer here, and a loop has no end: both are failures, as for a resolver."""


class ZoneLookup:
    """Nothing exists but the sandbox's zones and the providers' names."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    async def query(self, account: Account, name: str, rtype: str) -> Answer:
        """The records of `rtype` at `name`; NO_NAME for what lies in no zone."""
        try:
            found = await self._authority.resolve(account, name, rtype)
        except RecordError:
            return Answer(status=lookup.Status.NO_NAME)
        return answer(found) if found.status is not Status.OUTSIDE else await self.outside(account, found, rtype)

    async def outside(self, account: Account, found: Resolution, rtype: str) -> Answer:  # noqa: ARG002 - for those who know more
        """The answer for a name that is nobody's in the sandbox."""
        return answer(found)


class AnyDomainLookup(ZoneLookup):
    """As `ZoneLookup`, but every other name has an MX and addresses, unless it is under `.invalid`."""

    async def outside(self, account: Account, found: Resolution, rtype: str) -> Answer:  # noqa: ARG002 - the same for all
        """An MX of its own name, addresses in the ranges for documentation, and no data of other types."""
        aliases = aliases_of(found)
        if reserved(found.name):
            return Answer(status=lookup.Status.NO_NAME, aliases=aliases)
        if rtype == "MX":
            return Answer(status=lookup.Status.FOUND, records=(f"10 mx.{found.name}.",), aliases=aliases)
        if rtype in ADDRESSES:
            return Answer(status=lookup.Status.FOUND, records=(ADDRESSES[rtype],), aliases=aliases)
        return Answer(status=lookup.Status.NO_DATA, aliases=aliases)


def reserved(name: str) -> bool:
    """Whether a name is under the top-level domain that never exists."""
    return name.lower().rstrip(".").rpartition(".")[2] == RESERVED


def aliases_of(found: Resolution) -> tuple[str, ...]:
    """The targets of the CNAMEs on the way, without final dots."""
    return tuple(record.rdata.rstrip(".") for record in found.aliases)


def answer(found: Resolution) -> Answer:
    """A resolution as a look-up tells it."""
    status = _STATUS[found.status]
    records = found.records if found.status is Status.FOUND else ()
    return Answer(
        status=status,
        records=tuple(shown(record.rtype, record.rdata) for record in records),
        aliases=aliases_of(found),
    )
