"""Asking the domain name system, whoever answers: the sandbox's zones, or the system's resolver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sandbox.core.accounts import Account


class Status(StrEnum):
    """How a look-up ended (RFC 2308 tells the first three apart)."""

    FOUND = "found"
    NO_DATA = "no-data"
    """The name exists, but has no record of the type."""
    NO_NAME = "no-name"
    """NXDOMAIN."""
    FAILURE = "failure"
    """SERVFAIL or no answer: try again later."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one question, CNAMEs followed."""

    status: Status
    records: tuple[str, ...] = ()
    """Record data in presentation form (RFC 1035 §5.1); TXT with its character-strings joined, without quotes."""
    aliases: tuple[str, ...] = ()
    """The CNAMEs followed on the way, in order, without final dots."""


class Lookup(Protocol):
    """Something that answers questions for an account."""

    async def query(self, account: Account, name: str, rtype: str) -> Answer:
        """The records of `rtype` at `name` (any case, with or without a final dot)."""
        ...
