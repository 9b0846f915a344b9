"""Retention: keeps the store within the limits of the settings, oldest first, and returns unused room to the disk.

Nothing here is exact to the message: mail is accepted first, and what is too much goes within about a second, in
slices that let others write in between. Ages follow each account's clock, as all of its times do.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.core.accounts import Account, Accounts
from sandbox.core.clock import parse_duration
from sandbox.core.errors import NotFoundError, StoreError
from sandbox.core.store import Store

GATHER_SECONDS = 1.0
"""The real pause between two rounds."""
LONGEST_PAUSE = 60.0
"""Real seconds after which ages are looked at, even if nothing happens."""
EVENTS_OF_A_MESSAGE = 20
"""How many entries of the log `max_messages` allows for each message."""
SLACK = 0.05
"""The part of its size that a store which is too large loses on top, so that not every message removes another."""
SMALLEST = 10_000_000
"""Octets that a store may have at least."""
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]?)b?")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is kept at most; None keeps everything."""

    messages: int | None = None
    age: float | None = None
    """Seconds on the account's clock."""
    size: int | None = None
    """Octets that the whole store takes."""


def read_limits(table: Mapping[str, Any]) -> Limits:
    """The limits of the setting `store.retention`; `ValueError` says which is wrong and what would do."""
    return Limits(
        messages=None if table.get("max_messages") is None else _number(table["max_messages"]),
        age=None if table.get("max_age") is None else _age(table["max_age"]),
        size=None if table.get("max_bytes") is None else _size(table["max_bytes"]),
    )


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"max_messages is a whole number from 1, not {str(value)[:40]!r}")
    return value


def _age(value: object) -> float:
    try:
        seconds = parse_duration(str(value)).total_seconds()
    except (ValueError, OverflowError):
        seconds = 0.0
    if seconds <= 0:
        raise ValueError(f"max_age is a duration such as 12h or 7d, not {str(value)[:40]!r}")
    return seconds


def _size(value: object) -> int:
    match = _SIZE.fullmatch(str(value).strip().lower())
    size = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    if size < SMALLEST:
        raise ValueError(f"max_bytes is a size from 10mb, such as 500mb or 2gb, not {str(value)[:40]!r}")
    return size


class Keeper:
    """Looks after the store of one sandbox."""

    def __init__(self, store: Store, accounts: Accounts, limits: Limits) -> None:
        self._store = store
        self._accounts = accounts
        self._limits = limits
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something was written or removed."""
        self._wake.set()

    async def run(self) -> None:
        """Look after the store until cancelled."""
        age = self._limits.age
        pause = None if age is None else min(LONGEST_PAUSE, age / 10)
        while True:
            self._wake.clear()
            try:
                await self.tend()
            except StoreError:
                _log.warning("old mail can't be removed; trying again", exc_info=True)
            await asyncio.sleep(GATHER_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def tend(self) -> None:
        """Bring the store within its limits, and return what it does not need."""
        if self._limits.age is not None:
            await self._by_age(self._limits.age)
        if self._limits.messages is not None:
            await self._by_number(self._limits.messages)
        if self._limits.size is not None:
            await self._by_size(self._limits.size)
        if await self._store.space.give_back():
            self._wake.set()

    async def _by_age(self, age: float) -> None:
        expiry = self._store.expiry
        for name, oldest in (await expiry.oldest()).items():
            account = self._account(name)
            if account is not None and oldest < account.clock.now() - age:
                await expiry.drop_older(name, account.clock.now() - age, self._now)
        await expiry.trim_log(await expiry.first_since(self._accounts.ready_made.clock.now() - age))

    async def _by_number(self, most: int) -> None:
        expiry = self._store.expiry
        messages, sessions = await expiry.counts()
        if messages > most:
            await expiry.drop_oldest(messages - most, self._now)
            await expiry.trim_log(await expiry.horizon())
        if sessions > most:
            await expiry.drop_sessions(sessions - most)
        await expiry.trim_log(await expiry.newest() - most * EVENTS_OF_A_MESSAGE)

    async def _by_size(self, most: int) -> None:
        expiry = self._store.expiry
        while (used := (await self._store.space.room()).used) > most:
            messages, sessions = await expiry.counts()
            part = min(1.0, (used - most) / used + SLACK)
            gone = await expiry.drop_oldest(math.ceil(messages * part), self._now)
            gone += await expiry.drop_sessions(math.ceil(sessions * part))
            gone += await expiry.trim_log(await expiry.horizon())
            if not gone:
                return

    def _now(self, name: str) -> float:
        """An account's present, the ready-made one's for one that is gone."""
        return (self._account(name) or self._accounts.ready_made).clock.now()

    def _account(self, name: str) -> Account | None:
        try:
            return self._accounts.get(name)
        except NotFoundError:  # removed meanwhile
            return None
