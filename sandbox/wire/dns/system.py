"""Asks the system's resolver for what the sandbox does not know: real DNS, for those who want it."""

from __future__ import annotations

from collections.abc import Mapping

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from sandbox.core.accounts import Account
from sandbox.core.dns.authority import Authority, Resolution
from sandbox.core.dns.lookup import Answer, Status
from sandbox.core.dns.records import shown
from sandbox.core.dns.resolver import ZoneLookup, aliases_of, reserved

SECONDS = 5.0
"""How long a question may take, all servers tried."""
_STATUS: Mapping[type[Exception], Status] = {
    dns.resolver.NXDOMAIN: Status.NO_NAME,
    dns.resolver.NoAnswer: Status.NO_DATA,
}


class SystemLookup(ZoneLookup):
    """The sandbox's zones and the providers' names first, then the system's resolver."""

    def __init__(
        self, authority: Authority, *, file: str = "/etc/resolv.conf", port: int = 53, seconds: float = SECONDS
    ) -> None:
        """`file` names the resolver's servers (on Windows the registry does); it is read at the first question."""
        super().__init__(authority)
        self._file = file
        self._port = port
        self._seconds = seconds
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def outside(self, account: Account, found: Resolution, rtype: str) -> Answer:  # noqa: ARG002 - the same for all
        """What the system's resolver says; FAILURE when it doesn't answer in time."""
        aliases = aliases_of(found)
        if reserved(found.name):
            return Answer(status=Status.NO_NAME, aliases=aliases)
        try:
            reply = await self._ask(found.name, rtype)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Answer(status=_STATUS.get(type(error), Status.FAILURE), aliases=aliases)
        rows = tuple(shown(rtype, data.to_text()) for data in reply.rrset or ())
        links = [
            data.to_text().rstrip(".")
            for rrset in reply.response.answer
            if rrset.rdtype == dns.rdatatype.CNAME
            for data in rrset
        ]
        return Answer(status=Status.FOUND, records=rows, aliases=(*aliases, *links))

    async def _ask(self, name: str, rtype: str) -> dns.resolver.Answer:
        if self._resolver is None:
            self._resolver = dns.asyncresolver.Resolver(self._file)
            self._resolver.port = self._port
        return await self._resolver.resolve(f"{name}.", rtype, search=False, lifetime=self._seconds)
