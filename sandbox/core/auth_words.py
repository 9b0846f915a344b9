"""The words for what an authentication check came to (RFC 8601 section 2.7)."""

from __future__ import annotations

from enum import StrEnum


class Result(StrEnum):
    """What a check came to."""

    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    """Nothing was there to be checked."""
    TEMPERROR = "temperror"
    """A look-up failed: another time it may work."""
    PERMERROR = "permerror"
    """A record or signature is malformed."""
