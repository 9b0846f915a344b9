"""Macros of SPF domain-specs (RFC 7208 section 7): `%{i}._spf.%{d2}` becomes the name that is looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

Address = IPv4Address | IPv6Address
NAME_LENGTH = 253
"""Characters of a name; longer results lose labels from the left (section 7.3)."""
_MACRO = re.compile(r"%(%|_|-|\{([A-Za-z])(\d*)(r?)([.\-+,/_=]*)\})")
_LITERALS: Mapping[str, str] = {"%": "%", "_": " ", "-": "%20"}


def expand(spec: str, values: Mapping[str, str]) -> str:
    """`spec` with its macros replaced; `values` has one for each macro letter, in lower case."""

    def replaced(match: re.Match[str]) -> str:
        if match[2] is None:
            return _LITERALS[match[1]]
        value = values.get(match[2].lower(), "")
        text = _transformed(value, match[3], bool(match[4]), match[5] or ".")
        return quote(text, safe="-._~") if match[2].isupper() else text

    return _shortened(_MACRO.sub(replaced, spec))


def letters(*, sender: str, domain: str, helo: str, address: Address) -> dict[str, str]:
    """The values of all macro letters; `%{p}` is always `unknown`, as section 7.3 recommends."""
    local, _, host = sender.rpartition("@")
    return {
        "s": sender,
        "l": local or "postmaster",
        "o": host,
        "d": domain,
        "i": _dotted(address),
        "p": "unknown",
        "v": "in-addr" if address.version == 4 else "ip6",
        "h": helo,
    }


def reverse_name(address: Address) -> str:
    """Where the PTR record of an address is."""
    return address.reverse_pointer


def _dotted(address: Address) -> str:
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))


def _transformed(value: str, digits: str, backwards: bool, delimiters: str) -> str:
    labels = re.split(f"[{re.escape(delimiters)}]", value)
    if backwards:
        labels.reverse()
    keep = int(digits[:4]) if digits else len(labels)
    return ".".join(labels[-keep:] if keep else labels)


def _shortened(name: str) -> str:
    while len(name) > NAME_LENGTH and "." in name:
        name = name.partition(".")[2]
    return name
