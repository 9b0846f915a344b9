"""Submission over HTTPS, `/20220926`: submitEmail and submitRawEmail."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Condition, Refusal
from sandbox.core.faults import FaultContext, may_be_forced
from sandbox.core.headers import split
from sandbox.core.model import Channel, Envelope, Receipt, Resource, Stage, Submission
from sandbox.providers.oci import addresses, fields
from sandbox.providers.oci.compose import compose
from sandbox.providers.oci.draft import MAX_RECIPIENTS, Mailbox, read
from sandbox.providers.oci.edge import answer
from sandbox.providers.oci.rules import OciRules
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20220926"
ESCAPED = 6
"""Octets that JSON may take for one: `\\u0061`."""
AROUND = 65_536
"""Octets of a JSON request besides the message's own text."""
_RAW_TYPES = ("message/rfc822", "message/global")


async def submit_email(exchange: Exchange) -> Response:
    """Compose the email of the fields and accept it; answers EmailSubmittedResponse."""
    draft = read(fields.json_object(exchange))
    await _authorize(exchange, draft.sender.email, draft.compartment)
    account, rules = exchange.account, exchange.state.rules
    if draft.header_length > rules.sizes(account).headers:
        raise Refusal(Condition.UNPARSABLE)
    raw = compose(
        draft,
        message_id=draft.message_id or rules.message_id(account, draft.sender.email),
        now=account.clock.now(),
        boundary=account.ids.hex(32),
    )
    named = {mailbox.email: mailbox for mailbox in draft.recipients}
    receipt = await _accept(exchange, draft.sender.email, tuple(named), raw, draft.compartment)
    return answer(
        {
            "messageId": receipt.message_id,
            "envelopeId": receipt.envelope_id,
            "suppressedRecipients": [_described(named[address]) for address in named if address in receipt.suppressed],
        }
    )


async def submit_raw_email(exchange: Exchange) -> Response:
    """Accept the MIME message of the body; everything else stands in headers. Answers EmailRawSubmittedResponse."""
    headers = exchange.headers
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in _RAW_TYPES:
        raise Refusal("https.415.media-type", parameter="content-type")
    compartment, sender = headers.get("compartment-id", "").strip(), headers.get("sender", "").strip()
    if not compartment:
        raise Refusal("https.400.compartment-missing")
    if not sender:
        raise Refusal("https.400.sender-missing")
    recipients = _raw_recipients(headers.get("recipients", ""))
    if not exchange.body:
        raise Refusal("https.400.body-missing")
    for address in (sender, *recipients):
        _check_address(address)
    if len(recipients) > MAX_RECIPIENTS:
        raise Refusal("https.400.too-many-recipients")
    await _authorize(exchange, sender, compartment)
    unique = tuple({address.lower(): address for address in reversed(recipients)}.values())[::-1]
    receipt = await _accept(exchange, sender, unique, exchange.body, compartment)
    return answer(
        {
            "messageId": receipt.message_id,
            "envelopeId": receipt.envelope_id,
            "suppressedRecipients": [address for address in unique if address in receipt.suppressed],
        }
    )


async def _authorize(exchange: Exchange, sender: str, compartment: str) -> None:
    """Refuse a sender that is not approved, or not in the compartment that the request names."""
    rules = exchange.state.rules
    if exchange.services.permissive:
        return
    assert isinstance(rules, OciRules)
    found = await rules.sender(exchange.account, sender)
    if found is None or found.data["compartmentId"] != compartment or not await _may_use(exchange, found):
        raise Refusal(Condition.SENDER_NOT_APPROVED, address=sender)


async def _may_use(exchange: Exchange, sender: Resource) -> bool:
    rules, principal = exchange.state.rules, exchange.principal
    return (
        isinstance(rules, OciRules)
        and principal is not None
        and await rules.may_use(exchange.account, principal, sender)
    )


async def _accept(exchange: Exchange, sender: str, recipients: Sequence[str], raw: bytes, compartment: str) -> Receipt:
    assert exchange.principal is not None
    submission = Submission(
        principal=exchange.principal,
        channel=Channel.HTTPS,
        envelope=Envelope(
            mail_from=sender, rcpt_to=tuple(recipients), client=exchange.client, user=exchange.principal.user
        ),
        raw=raw,
        session=exchange.transcript.session,
        attributes={"compartmentId": compartment},
    )
    receipt = await exchange.services.intake.accept(submission)
    exchange.transcript.took(receipt.message)
    return receipt


def _described(mailbox: Mailbox) -> dict[str, str]:
    return {"email": mailbox.email, "name": mailbox.name} if mailbox.name else {"email": mailbox.email}


def _raw_recipients(text: str) -> list[str]:
    """Addresses of the `recipients` header: separated by commas, or a JSON array as the CLI may send it."""
    parts: Iterable[Any] = text.split(",")
    if text.lstrip().startswith("["):
        try:
            parts = json.loads(text)
        except (ValueError, RecursionError):
            parts = [text]
    found = [str(part).strip() for part in parts]
    if not any(found):
        raise Refusal("https.400.recipients-missing")
    return found


def _check_address(address: str) -> None:
    if not address:
        raise Refusal("https.400.address-empty")
    if not addresses.valid(address):
        raise Refusal(Condition.INVALID_ADDRESS, address=address[:320])


def about_email(exchange: Exchange) -> FaultContext:
    """What a submission says about itself, as far as it can be read, and is asked for."""
    if not may_be_forced(exchange.account.faults, exchange.body):
        return FaultContext(client=exchange.client, user=exchange.user)
    try:
        body = fields.document(exchange)
    except (ValueError, RecursionError):
        body = None
    body = body if isinstance(body, dict) else {}
    recipients = [one for field in ("to", "cc", "bcc") for one in _listed(_inner(body, "recipients").get(field))]
    return FaultContext(
        client=exchange.client,
        user=exchange.user,
        sender=str(_inner(_inner(body, "sender"), "senderAddress").get("email", "")),
        recipients=tuple(str(one.get("email", "")) for one in recipients if isinstance(one, dict)),
        subject=str(body.get("subject", "")),
    )


def about_raw_email(exchange: Exchange) -> FaultContext:
    """The same for a raw submission: sender and recipients from the headers, the subject from the message."""
    try:
        subject = split(exchange.body, exchange.state.rules.sizes(exchange.account).headers).decoded("subject")
        recipients = _raw_recipients(exchange.headers.get("recipients", ""))
    except Refusal:
        subject, recipients = "", []
    return FaultContext(
        client=exchange.client,
        user=exchange.user,
        sender=exchange.headers.get("sender", ""),
        recipients=tuple(recipients),
        subject=subject,
    )


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _json_limit(exchange: Exchange) -> int:
    return exchange.state.rules.sizes(exchange.account).message * ESCAPED + AROUND


def _raw_limit(exchange: Exchange) -> int:
    return exchange.state.rules.sizes(exchange.account).message


OPERATIONS = (
    Operation(
        name="submitEmail",
        method="POST",
        path="/actions/submitEmail",
        call=submit_email,
        stage=Stage.REQUEST,
        body_limit=_json_limit,
        about=about_email,
    ),
    Operation(
        name="submitRawEmail",
        method="POST",
        path="/actions/submitRawEmail",
        call=submit_raw_email,
        stage=Stage.REQUEST,
        body_limit=_raw_limit,
        about=about_raw_email,
    ),
)
