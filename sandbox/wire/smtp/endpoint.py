"""What all sessions of one provider's SMTP endpoint share."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.core.services import ProviderState, Services
from sandbox.wire.personality import SmtpPersonality
from sandbox.wire.smtp.limits import Limits, SmtpSettings, Turnstile


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A provider's SMTP service, whatever the number of its listeners."""

    services: Services
    state: ProviderState
    personality: SmtpPersonality
    limits: Limits
    turnstile: Turnstile

    @classmethod
    def of(
        cls, services: Services, provider: str, personality: SmtpPersonality, section: SmtpSettings, data_rate: int
    ) -> Endpoint:
        """The endpoint of `provider` with the limits of its settings section; data comes with `data_rate` at least."""
        limits = Limits.of(section, data_rate)
        return cls(
            services=services,
            state=services.providers[provider],
            personality=personality,
            limits=limits,
            turnstile=Turnstile(limits),
        )

    def reset(self, account: str) -> None:
        """Forget what clients of an account (by its id) did: failed log-ins no longer count."""
        self.turnstile.forget(account)
