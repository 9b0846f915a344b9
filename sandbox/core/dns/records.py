"""Resource records: read from presentation form (RFC 1035 section 5.1), checked and normalised."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

IN = dns.rdataclass.IN
TYPES = frozenset({
    "A", "AAAA", "CAA", "CERT", "CNAME", "DNSKEY", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF",
    "SRV", "SSHFP", "SVCB", "TLSA", "TXT",
})  # fmt: skip
"""Types that a zone may hold. DNAME is none of them: nothing here rewrites names."""
TEXTS = frozenset({"TXT", "SPF"})
_HOSTS = frozenset({"CNAME", "MX", "NS", "PTR", "SOA", "SRV"})
"""Types whose data has domain names and nothing else with letters, so that it is compared in lower case."""
TTL_MOST = 2_147_483_647
"""RFC 2181 section 8."""
STRING = 255
"""Octets of a character-string, RFC 1035 section 3.3."""
RDATA = 65_535
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.)+))')
_ESCAPE = re.compile(rb"\\(?:(\d{3})|(.))", re.DOTALL)


class RecordError(ValueError):
    """A record that can't stand in a zone; `field` is the part that is wrong: domain, rtype, rdata, ttl."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Record:
    """A resource record of class IN in normal form."""

    domain: str
    """Owner in lower case, absolute but without the final dot."""
    rtype: str
    ttl: int
    """Seconds."""
    rdata: str
    """Presentation form; names in it are absolute, with their final dot."""
    version: int = field(default=0, compare=False)
    """The version of the zone in which the record's set last changed."""
    protected: bool = field(default=False, compare=False)
    """Whether it came with the zone and goes only with it: SOA and the name servers."""

    @property
    def hash(self) -> str:
        """What identifies the record within its zone."""
        return hashlib.sha256(f"{self.domain} {self.rtype} {self.rdata}".encode()).hexdigest()[:32]


def make(domain: str, rtype: str, ttl: int, rdata: str) -> Record:
    """A record from what somebody wrote; `RecordError` says which part can't be used."""
    check_ttl(ttl)
    kind = type_name(rtype)
    return Record(domain=domain_name(domain), rtype=kind, ttl=ttl, rdata=normal(kind, rdata))


def check_ttl(ttl: int | None) -> None:
    """Refuse a time to live that no record can have; None passes."""
    if ttl is not None and (isinstance(ttl, bool) or not 0 <= ttl <= TTL_MOST):
        raise RecordError("ttl", f"not a number of seconds up to {TTL_MOST}")


def domain_name(text: str) -> str:
    """A name in lower case without its final dot (the root is `.`); `RecordError` for what is no name."""
    return spelled(parse_name(text))


@lru_cache(maxsize=4096)
def parse_name(text: str) -> dns.name.Name:
    """An absolute name; `RecordError` for what is none: empty or long labels, characters outside ASCII, blanks."""
    if not text.isascii() or not text or re.search(r"[\x00-\x20\x7f]", text):
        raise RecordError("domain", "not a domain name in ASCII")
    try:
        return dns.name.from_text(text, dns.name.root)
    except (dns.exception.DNSException, ValueError) as error:
        raise RecordError("domain", str(error)) from error


def spelled(name: dns.name.Name) -> str:
    """How a name is written here: lower case, without the final dot."""
    return name.canonicalize().to_text(omit_final_dot=True)


def type_name(text: str) -> str:
    """A type in capitals; `RecordError` for one that a zone can't hold."""
    kind = text.upper()
    if kind not in TYPES:
        raise RecordError("rtype", f"{text[:20]!r} is none of {', '.join(sorted(TYPES))}")
    return kind


def normal(rtype: str, rdata: str) -> str:
    """Record data in normal form: names absolute, addresses shortened, texts quoted; `RecordError` otherwise.

    A name without a final dot is taken as absolute. Text outside quotes falls into strings at its blanks.
    """
    if re.search(r"[\r\n\x00]", rdata) or len(rdata) > RDATA * 4:
        raise RecordError("rdata", "more than one line, or too long")
    if rtype not in TEXTS and not rdata.isascii():
        raise RecordError("rdata", "characters outside ASCII; international names are written as xn--")
    try:
        data = _texts(rtype, rdata) if rtype in TEXTS else _parse(rtype, rdata)
        octets = data.to_wire() or b""
    except (dns.exception.DNSException, ValueError) as error:
        raise RecordError("rdata", str(error)) from error
    if len(octets) > RDATA:
        raise RecordError("rdata", f"longer than {RDATA} octets")
    text = data.to_text()
    return text.lower() if rtype in _HOSTS else text


def _texts(rtype: str, rdata: str) -> dns.rdata.Rdata:
    strings: list[bytes] = []
    text, at = rdata.strip(), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("a quotation mark or escape that is not complete")
        strings.append(_unescape(match[2] if match[1] is None else match[1]))
        at = match.end()
    if not strings or max(map(len, strings)) > STRING:
        raise ValueError(f"texts are strings of at most {STRING} octets, at least one of them")
    return TXT(IN, dns.rdatatype.from_text(rtype), strings)


def _unescape(text: str) -> bytes:
    def octet(match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            return match[2]
        return bytes([int(match[1])])  # ValueError above 255

    return _ESCAPE.sub(octet, text.encode())


def quoted(text: str) -> str:
    """A text as the presentation form of TXT data, in strings of 255 octets."""
    octets = text.encode()
    strings = [octets[at : at + STRING] for at in range(0, len(octets), STRING)] or [b""]
    return TXT(IN, dns.rdatatype.TXT, strings).to_text()


@lru_cache(maxsize=4096)
def parsed(rtype: str, rdata: str) -> dns.rdata.Rdata:
    """The data of a normalised record, ready for the wire."""
    return _parse(rtype, rdata)


def _parse(rtype: str, rdata: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(IN, rtype, rdata, dns.name.root, relativize=False)


def shown(rtype: str, rdata: str) -> str:
    """Normalised data as look-ups answer it: texts joined, without quotes; all else as it is."""
    if rtype not in TEXTS:
        return rdata
    data = parsed(rtype, rdata)
    return b"".join(data.strings).decode("utf-8", "backslashreplace")  # type: ignore[attr-defined]


def minimum(soa: Record) -> int:
    """The last field of a start of authority: seconds for which a denial may be kept (RFC 2308 section 4)."""
    return int(soa.rdata.rpartition(" ")[2])
