"""DNS messages: what to answer to any octets that arrive (RFC 1035 section 4, RFC 6891). Nothing here raises."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from sandbox.core.dns.authority import Resolution, Status
from sandbox.core.dns.records import Record, RecordError, parsed

log = logging.getLogger(__name__)

Resolve = Callable[[str, str], Awaitable[Resolution | None]]
"""(name, type) → the answer, None for a name that the sandbox has no authority over."""
HEADER = 12
PLAIN_UDP = 512
"""Octets of an answer over UDP to a client without EDNS (RFC 1035 section 2.3.4)."""
EDNS_UDP = 1232
"""Octets that fit into a packet on every network."""
TCP = 65_535
QUERY = 4096
"""Octets of a question; real ones have a few hundred at the most."""
_TRANSFERS = frozenset({dns.rdatatype.AXFR, dns.rdatatype.IXFR})
_META = range(128, 255)
"""Types that are no data (RFC 6895 section 3.1), but for ANY, which is 255."""


async def respond(octets: bytes, resolve: Resolve, *, udp: bool) -> bytes | None:
    """The answer to a message, None for what must not be answered: no header, or an answer itself."""
    if len(octets) < HEADER or octets[2] & 0x80:
        return None
    if (octets[2] >> 3) & 0xF != dns.opcode.QUERY:
        return _bare(octets, dns.rcode.NOTIMP)
    query = _parse(octets)
    if query is None:
        return _bare(octets, dns.rcode.FORMERR)
    response = dns.message.make_response(query, our_payload=EDNS_UDP)
    try:
        response.set_rcode(await _answer(query, response, resolve))
    except Exception:
        log.exception("a DNS question could not be answered: %s", query.question[0])
        response.set_rcode(dns.rcode.SERVFAIL)
    return _fitting(response, _room(query) if udp else TCP, udp=udp)


def _parse(octets: bytes) -> dns.message.Message | None:
    """A message with exactly one question, or None."""
    try:
        query = dns.message.from_wire(octets)
    except (dns.exception.DNSException, ValueError, IndexError):  # ValueError: a field out of its range
        return None
    return query if len(query.question) == 1 else None


async def _answer(query: dns.message.Message, response: dns.message.Message, resolve: Resolve) -> dns.rcode.Rcode:
    """Fill the sections of the response; returns its code."""
    question = query.question[0]
    if query.edns > 0:
        return dns.rcode.BADVERS
    if question.rdclass != dns.rdataclass.IN or question.rdtype in _TRANSFERS:
        return dns.rcode.REFUSED
    if question.rdtype in _META or question.rdtype == dns.rdatatype.OPT:
        return dns.rcode.NOTIMP
    try:
        found = await resolve(question.name.to_text(), dns.rdatatype.to_text(question.rdtype))
    except RecordError:  # a name with octets that no zone of ours can have
        found = None
    return dns.rcode.REFUSED if found is None else _fill(response, question.name, found)


def _fill(response: dns.message.Message, name: dns.name.Name, found: Resolution) -> dns.rcode.Rcode:
    owner = name  # in the client's spelling
    for alias in found.aliases:
        response.answer.append(_rrset(owner, [alias]))
        owner = dns.name.from_text(alias.rdata)
    if found.status is Status.REFERRAL:
        cut = dns.name.from_text(found.records[0].domain)
        response.authority.append(_rrset(cut, found.records))
        response.flags |= dns.flags.AA if found.aliases else 0
        return dns.rcode.NOERROR
    response.flags |= dns.flags.AA
    if found.records:
        response.answer.append(_rrset(owner, found.records))
    if found.soa is not None:
        response.authority.append(_rrset(dns.name.from_text(found.soa.domain), [found.soa]))
    return _CODES.get(found.status, dns.rcode.NOERROR)


_CODES = {Status.NO_NAME: dns.rcode.NXDOMAIN, Status.LOOP: dns.rcode.SERVFAIL}


def _rrset(owner: dns.name.Name, records: Iterable[Record]) -> dns.rrset.RRset:
    rows = list(records)
    return dns.rrset.from_rdata_list(owner, rows[0].ttl, [parsed(row.rtype, row.rdata) for row in rows])


def _room(query: dns.message.Message) -> int:
    """Octets that a client takes over UDP."""
    return min(max(query.payload, PLAIN_UDP), EDNS_UDP) if query.edns >= 0 else PLAIN_UDP


def _fitting(response: dns.message.Message, room: int, *, udp: bool) -> bytes:
    """The response on the wire; over UDP cut to its question when it is too long, so that the client asks by TCP."""
    try:
        return response.to_wire(max_size=room)
    except dns.exception.TooBig:
        response.answer.clear()
        response.authority.clear()
        if udp:
            response.flags |= dns.flags.TC
        else:
            response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire(max_size=room)


def _bare(octets: bytes, code: dns.rcode.Rcode) -> bytes:
    """A header alone: the id, opcode and RD of the message, and why it was not answered."""
    return octets[:2] + bytes([0x80 | (octets[2] & 0x79), int(code)]) + bytes(8)
