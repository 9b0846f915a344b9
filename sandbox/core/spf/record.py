"""The grammar of an SPF record (RFC 7208 section 12): text in, mechanisms and modifiers out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

LENGTH = 4096
"""Characters of a record that is read; DNS answers with more would not pass anyway."""
VERSION = "v=spf1"
_TERM = re.compile(r"([+?~-]?)([A-Za-z0-9]+)(?::(.*?))?(?:/(\d{1,2}))?(?://(\d{1,3}))?", re.DOTALL)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_MACRO = re.compile(r"%(?:%|_|-|\{[slodiphcrtvSLODIPHCRTV]\d{0,3}r?[.\-+,/_=]*\})")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class _Shape:
    """What a mechanism may have behind its name."""

    domain: str
    """`needed`, `allowed`, `none`, or `network` for an address."""
    lengths: bool = False
    """Whether prefix lengths may follow."""


SHAPES: Mapping[str, _Shape] = {
    "all": _Shape("none"),
    "include": _Shape("needed"),
    "a": _Shape("allowed", lengths=True),
    "mx": _Shape("allowed", lengths=True),
    "ptr": _Shape("allowed"),
    "ip4": _Shape("network"),
    "ip6": _Shape("network"),
    "exists": _Shape("needed"),
}
"""Every mechanism of section 5."""


class SpfSyntaxError(ValueError):
    """A record that breaks the grammar; the message names the term."""


@dataclass(frozen=True, kw_only=True)
class Mechanism:
    """One mechanism with its qualifier."""

    text: str
    """As written."""
    qualifier: str
    """One of `+`, `-`, `~`, `?`."""
    name: str
    domain: str = ""
    """The domain-spec with its macros; empty for the domain at hand."""
    network: Network | None = None
    length4: int = 32
    length6: int = 128


@dataclass(frozen=True, kw_only=True)
class Record:
    """A parsed record."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record at all (section 4.5)."""
    return text.lower() == VERSION or text.lower().startswith(VERSION + " ")


def parse(text: str) -> Record:
    """Read a record; `SpfSyntaxError` names the first term that is wrong."""
    if len(text) > LENGTH:
        raise SpfSyntaxError(f"the record is longer than {LENGTH} characters")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text[len(VERSION) :].split(" "):
        modifier = _MODIFIER.fullmatch(term)
        if modifier:
            _add_modifier(modifiers, modifier[1].lower(), modifier[2])
        elif term:
            mechanisms.append(_mechanism(term))
    return Record(mechanisms=tuple(mechanisms), redirect=modifiers.get("redirect", ""))


def _add_modifier(modifiers: dict[str, str], name: str, value: str) -> None:
    if name in ("redirect", "exp"):
        if name in modifiers:
            raise SpfSyntaxError(f"{name}= comes twice")
        _check_domain(f"{name}={value}", value)
    modifiers[name] = value


def _mechanism(term: str) -> Mechanism:
    plain = re.fullmatch(r"([+?~-]?)(ip[46]):(\S+)", term, re.IGNORECASE)
    if plain:
        return _network(term, plain[1] or "+", plain[2].lower(), plain[3])
    match = _TERM.fullmatch(term)
    shape = SHAPES.get(match[2].lower()) if match else None
    if match is None or shape is None:
        raise SpfSyntaxError(f"unknown mechanism {term[:60]!r}")
    domain, length4, length6 = match[3], match[4], match[5]
    if (shape.domain == "needed") > bool(domain) or (shape.domain == "none" and domain is not None):
        raise SpfSyntaxError(f"{term[:60]!r} {'needs a' if shape.domain == 'needed' else 'takes no'} domain")
    if shape.domain == "network" or domain == "" or ((length4 or length6) and not shape.lengths):
        raise SpfSyntaxError(f"{term[:60]!r} is not well-formed")
    if domain:
        _check_domain(term, domain)
    return Mechanism(
        text=term,
        qualifier=match[1] or "+",
        name=match[2].lower(),
        domain=domain or "",
        length4=_length(term, length4, 32),
        length6=_length(term, length6, 128),
    )


def _network(term: str, qualifier: str, name: str, value: str) -> Mechanism:
    try:
        network = ip_network(value, strict=False)
    except ValueError as error:
        raise SpfSyntaxError(f"{term[:60]!r} names no network") from error
    if network.version != int(name[2]) or not re.fullmatch(r"[0-9a-fA-F:.]+(/\d{1,3})?", value):
        raise SpfSyntaxError(f"{term[:60]!r} names no {name} network")
    return Mechanism(text=term, qualifier=qualifier, name=name, network=network)


def _length(term: str, given: str | None, most: int) -> int:
    length = most if given is None else int(given)
    if length > most or (given is not None and len(given) > 1 and given.startswith("0")):
        raise SpfSyntaxError(f"{term[:60]!r} has a prefix length over {most}")
    return length


def _check_domain(term: str, spec: str) -> None:
    """A domain-spec: printable, its macros well-formed, ending in a top label or a macro (section 7.1)."""
    rest = _MACRO.sub("", spec)
    if not spec or "%" in rest or not rest.isascii() or any(not "!" <= char <= "~" for char in rest):
        raise SpfSyntaxError(f"{term[:60]!r} has a malformed domain")
    top = spec.rstrip(".").rpartition(".")[2]
    if not spec.endswith("}") and not ("." in spec and re.fullmatch(r"[A-Za-z0-9-]*[A-Za-z-][A-Za-z0-9-]*", top)):
        raise SpfSyntaxError(f"{term[:60]!r} does not end in a top-level label")
