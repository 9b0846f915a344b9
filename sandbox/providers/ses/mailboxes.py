"""Addresses as clients write them: `Name <local@domain>`, read strictly, and refused in the service's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.core.errors import Refusal
from sandbox.core.headers import decode_words

LONGEST = 320
LOCAL_PART = 64
REASON = "api.BadRequestException.address"
_NAMED = re.compile(r'\s*(?P<name>"(?:[^"\\]|\\.)*"|[^"<>]*?)\s*<(?P<address>[^<>]*)>\s*', re.DOTALL)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+|\"(?:[ !#-\[\]-~]|\\[ -~])*\"")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-fIPv.:]+\]")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody with an address."""

    address: str
    name: str = ""
    """Decoded; empty when there is none."""


def read(text: str) -> Mailbox:
    """One mailbox; raises `Refusal` with what is wrong with it."""
    match = _NAMED.fullmatch(text) if "<" in text else None
    if "<" in text and match is None:
        raise Refusal(REASON, parameter="Illegal address", address=text[:LONGEST])
    address = (match["address"] if match else text).strip()
    _check(address)
    return Mailbox(address, _name(match["name"]) if match else "")


def read_all(texts: Iterable[str]) -> list[Mailbox]:
    """Several mailboxes; a text may have more than one, separated by commas outside of quotes."""
    return [read(one) for text in texts for one in _separated(text)]


def _separated(text: str) -> Sequence[str]:
    if "," not in text:
        return [text]
    found, start, quoted, skip = [], 0, False, False
    for at, character in enumerate(text):
        if skip:
            skip = False
        elif character == "\\" and quoted:
            skip = True
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            found.append(text[start:at])
            start = at + 1
    return [one for one in (*found, text[start:]) if one.strip()] or [text]


def _name(text: str) -> str:
    bare = re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
    return decode_words(bare)


def _check(address: str) -> None:
    local, at, domain = address.rpartition("@")
    if problem := _problem(address, local, at, domain):
        raise Refusal(REASON, parameter=problem, address=address[:LONGEST])


def _problem(address: str, local: str, at: str, domain: str) -> str:
    """What is wrong with an address, the first of what the service looks for; empty when nothing is."""
    long = len(local) > LOCAL_PART or len(address) > LONGEST
    problems = {
        "Missing final '@domain'": not at or not domain,
        "Domain contains control or whitespace": _CONTROL.search(domain),
        "Missing local name": not local,
        "Local address contains control or whitespace": not local.startswith('"') and _CONTROL.search(local),
        "Illegal address": long or not _LOCAL.fullmatch(local),
        "Domain contains illegal character": not _DOMAIN.fullmatch(domain),
    }
    return next((problem for problem, found in problems.items() if found), "")
