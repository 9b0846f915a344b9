"""Tells of messages that were never made, because the data did not fit their template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.model import MessageRecord, Submission
from sandbox.providers.ses.call import Call
from sandbox.providers.ses.events.kinds import KINDS
from sandbox.providers.ses.events.telling import Story
from sandbox.providers.ses.events.telling import tell as tell_story


async def tell(
    call: Call, prepared: Submission, remembered: Mapping[str, Any], author: str, *, template: str, error: str
) -> str:
    """Publish a Rendering Failure; returns the id that the message would have had."""
    message_id = call.exchange.state.rules.envelope_id(call.account)
    message = MessageRecord(
        id="",
        account=call.account.id,
        provider="ses",
        channel=prepared.channel,
        session=prepared.session,
        envelope=prepared.envelope,
        sender=author,
        to="",
        subject="",
        message_id=message_id,
        envelope_id=message_id,
        accepted=call.now,
        size=0,
        sha256="",
        units=0,
        recipients=(),
        attributes=remembered,
    )
    details = {"errorMessage": error, "templateName": template}
    await tell_story(
        Story(
            services=call.services,
            section=call.section,
            account=call.account,
            kind=KINDS["Rendering Failure"],
            message=message,
            details=details,
        )
    )
    return message_id
