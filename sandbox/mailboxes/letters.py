"""What mailbox formats hold: a message's octets, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LARGEST = 64 * 1024 * 1024
"""Octets of a message that a mailbox is read for; a sandbox takes no larger ones."""


class MailboxError(Exception):
    """A mailbox can't be read or written; the message is ready to be printed."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message of a mailbox."""

    raw: bytes
    about: Mapping[str, Any] = field(default_factory=dict)
    """As the inspection API lists messages; from a foreign mailbox only what its format says."""
    place: str = ""
    """Where it was found, for people."""

    @property
    def moment(self) -> float:
        """When it was accepted, Unix seconds; 0 when nobody knows."""
        try:
            return datetime.fromisoformat(str(self.about["times"]["accepted"])).timestamp()
        except (KeyError, TypeError, ValueError, OverflowError):
            return 0.0


def accepted(seconds: float) -> dict[str, str]:
    """`times` of a message from Unix seconds; empty when they make no sense."""
    try:
        return {"accepted": datetime.fromtimestamp(seconds, UTC).isoformat()}
    except (ValueError, OverflowError, OSError):
        return {}
