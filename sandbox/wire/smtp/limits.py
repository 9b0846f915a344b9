"""What one client may take of an SMTP endpoint: time, connections, recipients, failed attempts to log in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from sandbox.core.accounts import Account


class SmtpSettings(Protocol):
    """The rows of a provider's settings section that its SMTP endpoint reads."""

    @property
    def idle_timeout(self) -> float: ...  # noqa: D102 - documented in the settings table
    @property
    def max_connections(self) -> int: ...  # noqa: D102
    @property
    def max_recipients(self) -> int: ...  # noqa: D102
    @property
    def auth_failures(self) -> int: ...  # noqa: D102
    @property
    def auth_failure_window(self) -> float: ...  # noqa: D102
    @property
    def all_suppressed(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits in force on every listener of one endpoint; times in seconds."""

    idle: float = 60.0
    """How long the client may take for its next line, or for more data inside DATA."""
    data_rate: int = 500
    """Octets a second that message data has to come with, after `idle` seconds (Postfix: smtpd_min_data_rate)."""
    connections: int = 1000
    recipients: int = 1000
    auth_failures: int = 5
    auth_failure_window: float = 300.0
    refuse_all_suppressed: bool = False
    """Whether DATA is refused when every recipient is suppressed."""
    bad_commands: int = 20
    """Commands that aren't SMTP before the session is ended (Postfix: smtpd_hard_error_limit)."""
    internal_failures: int = 3
    """Errors of our own in one session, the last of which ends it."""
    linger: float = 5.0
    """How long a client may take to read the last reply before the connection is cut."""

    @classmethod
    def of(cls, section: SmtpSettings, data_rate: int) -> Limits:
        """The limits that a provider's settings ask for; `data_rate` is one for all of them."""
        return cls(
            data_rate=data_rate,
            idle=section.idle_timeout,
            connections=section.max_connections,
            recipients=section.max_recipients,
            auth_failures=section.auth_failures,
            auth_failure_window=section.auth_failure_window,
            refuse_all_suppressed=section.all_suppressed == "refuse",
        )


class Turnstile:
    """Counts what clients have open and what they failed at, over all listeners of an endpoint.

    Failures belong to an account and a client address, and age on the account's clock: what one account's programs
    get wrong never locks out another's.
    """

    def __init__(self, limits: Limits) -> None:
        self.open = 0
        self._limits = limits
        self._failures: dict[tuple[str, str], deque[float]] = {}

    @property
    def crowded(self) -> bool:
        """Whether more connections are open than allowed, the newest included."""
        return self.open > self._limits.connections

    def failed(self, account: Account, address: str) -> None:
        """A credential or a sender from this client address was not authorized."""
        times = self._failures.setdefault((account.id, address), deque(maxlen=max(1, self._limits.auth_failures)))
        times.append(account.clock.now())

    def locked_out(self, account: Account, address: str) -> bool:
        """Whether the client address failed so often within the window that it is turned away."""
        times = self._failures.get((account.id, address))
        if times is None:
            return False
        now = account.clock.now()
        while times and not now - self._limits.auth_failure_window < times[0] <= now:
            times.popleft()
        if not times:
            del self._failures[account.id, address]
        return len(times) >= self._limits.auth_failures

    def forget(self, account: str) -> None:
        """Forgive every failure that belongs to an account, by its id."""
        for key in [key for key in self._failures if key[0] == account]:
            del self._failures[key]
