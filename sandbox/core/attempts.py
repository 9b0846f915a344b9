"""One attempt to deliver to one recipient: what is known before it and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from sandbox.core.values import frozen


class Verdict(StrEnum):
    """What the remote side answered, in kinds."""

    DELIVERED = "delivered"
    BLACKHOLED = "blackholed"
    PERMANENT = "permanent"
    TEMPORARY = "temporary"


class FollowUp(StrEnum):
    """What can still happen to a delivered message."""

    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    SOFT_BOUNCE = "soft-bounce"
    OPEN = "open"
    CLICK = "click"


@frozen
class AutoReply:
    """What the recipient writes back by itself on getting a message (RFC 3834)."""

    sender: str
    """Its address."""
    prefix: str
    """What stands before the subject of the message."""
    words: str
    """The text, in ASCII; lines end with CRLF."""


@frozen
class Decision:
    """What one attempt came to."""

    verdict: Verdict
    reply: str
    """The remote server's reply, or the reason why none was reached."""
    mta: str = ""
    """The remote host that gave it; empty when none was reached."""
    why: str = ""
    """Which rule, magic address or DNS fact decided, for the viewers."""
    delay: float | None = None
    """Seconds until the next attempt, instead of the schedule's."""
    follow_up: FollowUp | None = None
    follow_up_after: float = 0.0
    """Seconds after the delivery."""
    auto_reply: AutoReply | None = None
    """What the sender gets at once when the message was delivered."""


@frozen
class Attempt:
    """What is known when an attempt is made."""

    recipient: str
    sender: str
    """The envelope's reverse-path."""
    subject: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """First value of each header field, names in lower case."""
    number: int = 1
    """1 for the first attempt."""
    provider: str = ""
    """Whose message it is."""

    @property
    def domain(self) -> str:
        """The recipient's domain, in lower case and without a final dot."""
        return self.recipient.rpartition("@")[2].lower().rstrip(".")
