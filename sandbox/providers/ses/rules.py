"""SES's rules for a submission: verified identities, sandbox mode, quotas, the suppression list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.headers import HeaderBlock
from sandbox.core.late import Late
from sandbox.core.model import MessageRecord, Principal, Resource, Submission
from sandbox.core.policy import SizeRules, Suppressed, SuppressionCause
from sandbox.core.quota import Limits
from sandbox.core.services import Services
from sandbox.core.store.resources import Edit
from sandbox.providers.ses import endpoints, owner
from sandbox.providers.ses.ids import mail_domain, message_id
from sandbox.providers.ses.simulator import simulated

_review = Late("sandbox.providers.ses.review:review")
_added = Late("sandbox.providers.ses.suppressing:added")
PRESETS: Mapping[str, Limits] = {
    "sandbox": Limits(per_second=1, per_day=200),
    "production": Limits(per_second=14, per_day=50_000),
    "unlimited": Limits(),
}
"""Sending limits of a new account, of one with production access, and none at all; recipients."""


_ALIKE: Mapping[str, str] = {"trial": "sandbox", "paid": "production"}
"""Words of other providers for the same, so that one setting serves all of them."""


def in_production(wish: str | Mapping[str, float | None]) -> bool:
    """Whether accounts start with production access."""
    return not isinstance(wish, str) or _ALIKE.get(wish, wish) != "sandbox"


def limits_of(wish: str | Mapping[str, float | None], production: bool = True) -> Limits:
    """A preset by name, or single limits on top of the production ones; `ValueError` says what is accepted."""
    if isinstance(wish, str):
        name = _ALIKE.get(wish, wish)
        if name not in PRESETS:
            raise ValueError(f"ses.limits is {', '.join(PRESETS)} or a table of single limits; not {wish!r}")
        return PRESETS["production" if name == "sandbox" and production else name]
    if unknown := set(wish) - {"per_second", "per_day"}:
        raise ValueError(f"ses.limits knows per_second and per_day; not {', '.join(sorted(unknown))}")
    preset = PRESETS["production"]
    day = wish.get("per_day", preset.per_day)
    return Limits(per_second=wish.get("per_second", preset.per_second), per_day=None if day is None else int(day))


class SesRules:
    """The `Rules` of Amazon SES."""

    def __init__(self, services: Services, section: Any, permissive: bool) -> None:
        self._services = services
        self._permissive = permissive
        self._section = section
        self._region = section.region
        limits_of(section.limits)
        endpoints.check(section)
        self._production: dict[str, bool] = {}
        self._made: dict[str, str] = {}
        self._sizes = SizeRules(
            message=section.max_message_bytes, recipients=section.max_recipients, unit=None, counts_suppressed=True
        )

    def sizes(self, account: Account) -> SizeRules:  # noqa: ARG002 - limits are the same for every account
        """The size limits of the settings."""
        return self._sizes

    def limits(self, account: Account) -> Limits:
        """The sending limits of the settings, or of production once the account has access to it."""
        known = self._production.get(account.id, in_production(self._section.limits))
        return limits_of(self._section.limits, known)

    async def sender_approved(self, account: Account, principal: Principal, address: str) -> bool:  # noqa: ARG002
        """Identities are judged together, in `review`."""
        return True

    async def review(self, account: Account, submission: Submission, block: HeaderBlock) -> Mapping[str, Any]:
        """Headers, identities, account and configuration set; see `review`."""
        settings = (await owner.owner(self._services, account)).settings
        self._production[account.id] = bool(settings["production_access"])
        noted: Mapping[str, Any] = await _review(
            self._services, account, submission, block, permissive=self._permissive
        )
        return noted

    def counted(self, address: str) -> bool:
        """Mail to the mailbox simulator does not count."""
        return not simulated(address)

    async def suppressed(
        self,
        account: Account,
        principal: Principal,
        address: str,
        sender: str = "",
    ) -> Suppressed | None:
        """Nobody by the address alone: the configuration set has a say in it, so that `review` decides."""

    async def note_suppressed(self, account: Account, address: str, message_id: str) -> Edit | None:  # noqa: ARG002
        """Nothing is kept of it."""
        return None

    def message_id(self, account: Account, sender: str) -> str:  # noqa: ARG002
        """The Message-ID that recipients see, for a message without one: made of the service's id."""
        made = self._made[account.id] = message_id(account, self._region)
        return f"{made}@{mail_domain(self._region)}"

    def sent_id(self, message: MessageRecord) -> str:
        """The service's own, which takes the place of any that the client gave."""
        return f"{message.envelope_id}@{mail_domain(self._region)}"

    def envelope_id(self, account: Account) -> str:
        """The id that the API and the reply to DATA tell; the one of the Message-ID if that was just made."""
        return self._made.pop(account.id, None) or message_id(account, self._region)

    async def suppression(self, account: Account, address: str, cause: SuppressionCause) -> Resource | None:
        """The entry that the service adds by itself after a hard bounce or a complaint."""
        entry: Resource | None = await _added(self._services, account, address, cause)
        return entry

    def mail_host(self, account: Account) -> str:  # noqa: ARG002
        """The service's own mail domain."""
        return "amazonses.com"
