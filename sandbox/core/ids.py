"""Identifiers: unpredictable in a running sandbox, repeatable when a test passes a seed."""

from __future__ import annotations

import random
import secrets

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_SORTABLE = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _SORTABLE for second in _SORTABLE]
_STAMP = (1 << 50) - 1
_ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"


class Ids:
    """A generator of identifiers; every random choice of the sandbox goes through one of these."""

    def __init__(self, seed: int | str | None = None) -> None:
        self.random = random.Random(secrets.token_bytes(32) if seed is None else seed)  # noqa: S311 - names, not secrets
        self._secret: random.Random = random.SystemRandom() if seed is None else self.random

    def sortable(self, now: float) -> str:
        """26 characters that sort by time, for messages and sessions: 10 of milliseconds, 16 of chance."""
        bits = (int(now * 1000) & _STAMP) << 80 | self.random.getrandbits(80)
        return "".join([_PAIRS[(bits >> shift) & 1023] for shift in range(120, -1, -10)])

    def hex(self, digits: int) -> str:
        """`digits` lower-case hexadecimal digits."""
        return f"{self.random.getrandbits(digits * 4):0{digits}x}"

    def base32(self, length: int) -> str:
        """`length` characters of lower-case base32, as OCIDs use."""
        return "".join(self.random.choices(_BASE32, k=length))

    def alphanumeric(self, length: int) -> str:
        """`length` lower-case letters and digits."""
        return "".join(self.random.choices(_ALNUM, k=length))

    def choose(self, alphabet: str, length: int) -> str:
        """`length` characters of `alphabet`, fit to be a password."""
        return "".join(self._secret.choices(alphabet, k=length))

    def uuid(self) -> str:
        """A version 4 UUID."""
        bits = (self.random.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62)) | (4 << 76) | (2 << 62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
