"""What the content scan says of a message: the two test strings that every scanner knows, in clear or in base64."""

from __future__ import annotations

import re
from base64 import b64decode

GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""The string that is spam by agreement (SpamAssassin's GTUBE)."""
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The file that is a virus by agreement."""
_ENCODED = re.compile(rb"[A-Za-z0-9+/]{40,}(?:\r?\n[A-Za-z0-9+/]+)*")
_ENOUGH = 1_048_576
"""Octets of one encoded block that are decoded; a test string stands at its beginning."""


def spam(raw: bytes) -> bool:
    """Whether the message has the test string for spam."""
    return _has(raw, GTUBE)


def infected(raw: bytes) -> bool:
    """Whether the message has the test file for viruses."""
    return _has(raw, EICAR)


def _has(raw: bytes, mark: bytes) -> bool:
    return mark in raw or any(mark in _decoded(block[0]) for block in _ENCODED.finditer(raw))


def _decoded(block: bytes) -> bytes:
    letters = block[:_ENOUGH].replace(b"\r", b"").replace(b"\n", b"")
    return b64decode(letters + b"A" * (-len(letters) % 4))
