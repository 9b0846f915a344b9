"""The way of an email from an operation into the intake: who sends, to whom, and what is remembered of the call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Channel, Envelope, Submission
from sandbox.providers.ses.call import Call

OLDER_SIZE = 10_485_760
"""Octets of a message that API v1 takes."""
NO_RECIPIENT = "api.BadRequestException.no-recipient"


async def submit(
    call: Call, *, raw: bytes, sender: str, recipients: Sequence[str], attributes: Mapping[str, Any] | None = None
) -> str:
    """Hand a message over; returns the service's id of it.

    `sender` gets the bounces. `attributes` are stored with the message, besides what is known of the call:
    `configuration_set`, `tags` {name: [values]}, `source` (the sender as given), `source_arn`, `list`, `topic`, …
    Raises `Refusal` with what stands against it.
    """
    prepared = prepare(call, raw=raw, sender=sender, recipients=recipients, attributes=attributes)
    receipt = await call.services.intake.accept(prepared)
    call.exchange.transcript.took(receipt.message)
    return receipt.envelope_id


def prepare(
    call: Call, *, raw: bytes, sender: str, recipients: Sequence[str], attributes: Mapping[str, Any] | None = None
) -> Submission:
    """What `submit` hands over; raises `Refusal` for a message that is too large or goes to nobody."""
    unique = tuple(dict.fromkeys(recipients))
    if not unique:
        raise Refusal(NO_RECIPIENT)
    limit = min(call.exchange.state.rules.sizes(call.account).message, OLDER_SIZE if call.api == "v1" else 1 << 62)
    if len(raw) > limit:
        raise Refusal(Condition.TOO_LARGE, limit=limit, parameter=len(raw))
    return Submission(
        principal=call.principal,
        channel=Channel.HTTPS,
        envelope=Envelope(
            mail_from=sender, rcpt_to=unique, client=call.exchange.client, user=call.principal.credential
        ),
        raw=raw,
        session=call.exchange.transcript.session,
        attributes={
            "api": call.api,
            "operation": call.operation,
            "source_ip": call.exchange.client.rpartition(":")[0],
            "caller": call.principal.user,
            **{name: value for name, value in (attributes or {}).items() if value},
        },
    )


def tags(given: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Message tags as they are stored; raises `Refusal` for one that is none."""
    found: dict[str, list[str]] = {}
    for tag in given:
        name, value = tag.get("Name", ""), tag.get("Value", "")
        check_tag(name, value)
        found.setdefault(name, []).append(value)
    return found


def check_tag(name: str, value: str) -> None:
    """Raise `Refusal` for a tag whose name or value is missing, too long, or has characters that tags can't have."""
    if problem := tag_problem(name, value):
        raise Refusal("api.BadRequestException.message-tag", parameter=problem)


def tag_problem(name: str, value: str) -> str:
    """What is wrong with a tag, in the service's words; empty when nothing is."""
    for part, text in (("name", name), ("value", value)):
        if not text:
            return f"The tag {part} must be specified."
        if len(text) > _LONGEST:
            return f"Tag {part} cannot exceed {_LONGEST} characters."
    if name not in _SPECIAL and not set(name) <= _NAME:
        return f"Invalid tag name <{name}>: only alphanumeric ASCII characters, '_',  '-' are allowed."
    if not set(value) <= _VALUE:
        return f"Invalid tag value <{value}>: only alphanumeric ASCII characters, '_',  '-' , '.', '@' are allowed."
    return ""


_LONGEST = 255
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_VALUE = _NAME | frozenset(".@")
_SPECIAL = frozenset({"ses:feedback-id-a", "ses:feedback-id-b"})
