"""IBM's rules for a submission: the domain of a verified configuration, recipients, no attachments."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import parse_duration
from sandbox.core.errors import Refusal
from sandbox.core.headers import HeaderBlock
from sandbox.core.model import MessageRecord, Principal, Resource, Submission
from sandbox.core.policy import SizeRules, Suppressed, SuppressionCause, SuppressionReason
from sandbox.core.quota import Limits
from sandbox.core.services import Services
from sandbox.core.store.resources import Edit
from sandbox.providers.ibm import networks, records, regions
from sandbox.providers.ibm.queue_id import queue_id

_UNLIMITED = Limits()


class IbmRules:
    """The `Rules` of the SMTP interface of Event Notifications."""

    def __init__(self, services: Services, section: Any, permissive: bool) -> None:
        """`ValueError` names the setting that is wrong."""
        self._services = services
        self._section = section
        self._permissive = permissive
        self._host = regions.smtp_host(section.region)
        self._sizes = SizeRules(message=section.max_message_bytes, recipients=section.max_recipients, unit=None)
        for subnet in section.allowed_ips:
            try:
                networks.normal(subnet)
            except ValueError as error:
                raise ValueError(f"ibm.allowed_ips: {error}") from error
        parse_duration(section.check_interval)

    def sizes(self, account: Account) -> SizeRules:  # noqa: ARG002 - limits are the same for every account
        """The size limits of the settings."""
        return self._sizes

    def limits(self, account: Account) -> Limits:  # noqa: ARG002
        """No sending limit is documented for the SMTP interface."""
        return _UNLIMITED

    async def sender_approved(self, account: Account, principal: Principal, address: str) -> bool:
        """Whether the address is in a domain of the user's configurations; refuses one that is not verified."""
        if self._permissive:
            return True
        config = await self.configuration(account, principal.user, address)
        if config is None:
            return False
        from sandbox.providers.ibm import verification  # noqa: PLC0415 - the DNS library waits for the first sender

        config = await verification.settled(self._services, self._section, account, config)
        reason = verification.obstacle(config)
        if reason:
            raise Refusal(reason, address=address)
        return True

    async def configuration(self, account: Account, username: str, address: str) -> Resource | None:
        """The configuration for an address's domain, if the user belongs to it; domains below it are others."""
        store, domain = self._services.store.resources, address.rpartition("@")[2].lower()
        config = await store.find(account.id, "ibm", "smtp-config", domain)
        if config is None or await store.find(account.id, "ibm", "smtp-user", f"{config.id}/{username}") is None:
            return None
        return config

    async def review(self, account: Account, submission: Submission, block: HeaderBlock) -> Mapping[str, Any]:
        """Refuse attachments, or note that copies go without them; remember the configuration."""
        from sandbox.providers.ibm.attachments import attached, may_have_any  # noqa: PLC0415 - waits for the first message

        found = await asyncio.to_thread(attached, submission.raw) if may_have_any(block) else ()
        if found and self._section.attachments == "refuse":
            raise Refusal("smtp.554.attachments")
        config = await self.configuration(account, submission.principal.user, submission.envelope.mail_from)
        known: dict[str, Any] = {} if config is None else {"smtp_config_id": config.id}
        return {**known, "dropped_attachments": list(found)} if found and self._section.attachments == "drop" else known

    def counted(self, address: str) -> bool:  # noqa: ARG002
        """Every recipient counts."""
        return True

    async def suppressed(
        self,
        account: Account,
        principal: Principal,  # noqa: ARG002
        address: str,
        sender: str = "",  # noqa: ARG002
    ) -> Suppressed | None:
        """An address that the sandbox's user holds back by hand."""
        found = await self._services.store.resources.find(account.id, "ibm", "suppression", address.lower())
        return Suppressed(reason="MANUAL", params={}) if found else None

    async def note_suppressed(self, account: Account, address: str, message_id: str) -> Edit | None:  # noqa: ARG002
        """Nothing is kept of it."""
        return None

    async def suppression(self, account: Account, address: str, cause: SuppressionCause) -> Resource | None:
        """The service adds nobody by itself: bounces are told by metrics and logs alone."""
        return records.suppression(account, address) if cause.reason is SuppressionReason.MANUAL else None

    def message_id(self, account: Account, sender: str) -> str:  # noqa: ARG002
        """The moment and a queue id at the service's host, as Postfix writes them."""
        moment = datetime.fromtimestamp(account.clock.now(), UTC)
        return f"{moment:%Y%m%d%H%M%S}.{queue_id(account)}@{self._host}"

    def sent_id(self, message: MessageRecord) -> str:
        """The message's own; it is left as it is."""
        return message.message_id

    def envelope_id(self, account: Account) -> str:
        """The queue id, by which the status of a message is asked for."""
        return queue_id(account)

    def mail_host(self, account: Account) -> str:  # noqa: ARG002
        """The region's SMTP endpoint."""
        return self._host
