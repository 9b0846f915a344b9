"""SendBounce: a bounce, by hand, for mail that arrived within the last day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import MessageRecord, Outcome
from sandbox.core.store.queue import Attempted, Reported
from sandbox.providers.ses import identity, ids
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.receiving import bounces
from sandbox.providers.ses.receiving.bounces import Failed

DAY = 86_400.0
"""How long a message can be bounced."""
TYPES: Mapping[str, tuple[str, str]] = {
    "DoesNotExist": ("5.1.1", "550 5.1.1 Mailbox does not exist"),
    "MessageTooLarge": ("5.3.4", "552 5.3.4 Message too large"),
    "ExceededQuota": ("5.2.2", "552 5.2.2 Mailbox full"),
    "ContentRejected": ("5.6.1", "500 5.6.1 Message content rejected"),
    "Undefined": ("5.0.0", "554 5.0.0 Unknown failure"),
    "TemporaryFailure": ("4.0.0", "450 4.0.0 Temporary failure"),
}
"""Type of bounce → status and reply, as the templates of the Bounce action have them (developer guide)."""


async def send_bounce(call: Call) -> Mapping[str, Any]:
    """Make the bounce and note it with the message; a message from nobody is not bounced."""
    given = call.input
    record = await _original(call, given["OriginalMessageId"])
    sender = given["BounceSender"]
    if await identity.sending(call.services, call.account, sender) is None:
        raise Refusal("api.MessageRejected.unverified", address=sender, region=call.region.upper())
    told = [_failed(one) for one in given["BouncedRecipientInfoList"]]
    if not told:
        raise Refusal("api.InvalidParameterValue.receiving", parameter="No recipients", resource=record.envelope_id)
    await _note(call, record, _bounce(call, record, told), told)
    return {"MessageId": ids.message_id(call.account, call.region)}


async def _original(call: Call, message_id: str) -> MessageRecord:
    found = await call.services.store.messages.by_envelope(call.account.id, "ses", message_id)
    late = found is not None and found.accepted < call.now - DAY
    if found is None or late or "received" not in found.attributes or not found.envelope.mail_from:
        raise Refusal("api.MessageRejected.original", resource=message_id[:200])
    return found


def _failed(wish: Mapping[str, Any]) -> Failed:
    """A recipient, with the type's status or the fields that are given instead."""
    fields = wish.get("RecipientDsnFields", {})
    status, reply = TYPES[wish.get("BounceType", "Undefined")]
    return Failed(
        address=wish["Recipient"],
        status=fields.get("Status", status),
        diagnostic=fields.get("DiagnosticCode", reply),
        action=fields.get("Action", "failed"),
        final=fields.get("FinalRecipient", ""),
        remote=fields.get("RemoteMta", ""),
        last_attempt=fields.get("LastAttemptDate"),
        more=_extensions(fields),
    )


def _extensions(fields: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [(one["Name"], one["Value"]) for one in fields.get("ExtensionFields", ())]


def _bounce(call: Call, record: MessageRecord, told: Sequence[Failed]) -> bounces.Bounce:
    fields = call.input.get("MessageDsn", {})
    return bounces.Bounce(
        sender=call.input["BounceSender"],
        recipient=record.envelope.mail_from,
        words=call.input.get("Explanation", "An error occurred while trying to deliver the mail to its recipients."),
        reporting_mta=fields.get("ReportingMta", f"dns; inbound-smtp.{call.region}.amazonaws.com"),
        arrived=fields.get("ArrivalDate", record.accepted),
        failed=told,
        more=_extensions(fields),
    )


async def _note(call: Call, record: MessageRecord, bounce: bounces.Bounce, told: Sequence[Failed]) -> None:
    queue, done = call.services.store.queue, []
    by_address = {one.address.lower(): one for one in told}
    for address in record.envelope.rcpt_to:
        due = await queue.recipient(call.account.id, record.id, address)
        one = by_address.get(address.lower())
        if due is not None and one is not None:
            done.append(
                Attempted(
                    due=due,
                    outcome=Outcome.REJECTED,
                    detail=one.diagnostic,
                    event="rejected",
                    at=call.now,
                    data={"operation": call.operation},
                )
            )
    if not done:
        raise Refusal("api.MessageRejected.original", resource=record.envelope_id)
    raw = await call.services.store.messages.raw(call.account.id, record.id) or b""
    report = bounces.report(call.account, bounce, raw, call.now)
    about = [one.address for one in told]
    reported = Reported(
        id=call.account.ids.sortable(call.now), message=record.id, about=about, report=report, at=call.now
    )
    await queue.record(call.account.id, done, [reported])


V1: Mapping[str, Handler] = {"SendBounce": send_bounce}
