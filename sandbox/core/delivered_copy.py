"""The copy of a message that one recipient gets, beside the octets that were accepted and never change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.core.accounts import Account
from sandbox.core.auth_results import Publish
from sandbox.core.model import MessageRecord
from sandbox.core.raw_fields import RawField

SENDING_ADDRESS = "192.0.2.25"
"""Where the sandbox's mail comes from in the eyes of receivers: an address for documentation (RFC 5737)."""
KEPT_OCTETS = 33_554_432
"""Octets of finished copies that are kept; those asked for least recently go first."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What the provider would have its customer publish."""

    keys: Mapping[str, Publish] = field(default_factory=dict)
    """Name of a DKIM key record, in lower case → the record to publish for it."""
    unsigned: str = ""
    """Why the domain of the header From did not sign, and what to do about it."""
    spf: Sequence[Publish] = ()
    """What lets the return path's domain pass."""


@dataclass(frozen=True, kw_only=True)
class DeliveredCopy:
    """What one recipient gets, and what the receiving server knows of the connection."""

    octets: bytes = field(repr=False)
    recipient: str
    return_path: str
    """Empty for the null sender."""
    helo: str
    """Name of the sending host."""
    at: float
    """Moment of the hand-over, Unix seconds."""
    address: str = SENDING_ADDRESS
    advice: Advice = field(default_factory=Advice)


Maker = Callable[[Account, MessageRecord, bytes, str], Awaitable[DeliveredCopy]]
"""(account, message, its octets, recipient) → the copy. Slow parts run in a thread."""


class Copies:
    """Makes copies when they are first asked for, and keeps the latest ones."""

    def __init__(self, maker: Maker, kept: int = KEPT_OCTETS) -> None:
        self._maker = maker
        self._kept = kept
        self._octets = 0
        self._copies: OrderedDict[tuple[str, str, str], DeliveredCopy] = OrderedDict()

    async def get(self, account: Account, message: MessageRecord, raw: bytes, recipient: str) -> DeliveredCopy:
        """The copy of one recipient."""
        key = (account.id, message.id, recipient)
        found = self._copies.get(key)
        if found is None:
            found = await self._maker(account, message, raw, recipient)
            self._keep(key, found)
        self._copies.move_to_end(key)
        return found

    def _keep(self, key: tuple[str, str, str], made: DeliveredCopy) -> None:
        before = self._copies.pop(key, None)
        self._octets += len(made.octets) - (len(before.octets) if before else 0)
        self._copies[key] = made
        while self._octets > self._kept and len(self._copies) > 1:
            _, dropped = self._copies.popitem(last=False)
            self._octets -= len(dropped.octets)


def without(fields: Sequence[RawField], keys: Collection[bytes]) -> list[RawField]:
    """The fields but those of these names (lower case)."""
    return [one for one in fields if one.key not in keys]


def renamed(fields: Sequence[RawField], names: Mapping[bytes, bytes]) -> list[RawField]:
    """The fields with the names of the table (lower case → as written by the provider); values stay as they are."""
    return [RawField(names[one.key], names[one.key] + one.octets[len(one.name) :]) if one.key in names else one
            for one in fields]  # fmt: skip
