"""What a provider posts to the user's own programs: requests that are ready to be sent, and who takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One request, and whose event it tells of."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    account: str
    kind: str
    """What it tells, for the log: `Notification`, `SubscriptionConfirmation`, …"""
    message: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one request."""

    fine: bool
    """Whether the status was 2xx."""
    said: str
    """The status, or why there was none."""
    body: bytes = field(default=b"", repr=False)


class Courier(Protocol):
    """Takes requests and sends them later, each target at its own pace."""

    async def ask(self, posting: Posting, seconds: float) -> Answer:
        """Send it now and once, waiting up to `seconds` for the answer; the try is an event. Never raises."""
        ...

    def send(self, posting: Posting) -> None:
        """Send it as soon as may be, again when that fails; each try is an event. Never blocks, never raises."""
        ...
