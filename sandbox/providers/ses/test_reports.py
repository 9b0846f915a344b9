"""Deliverability tests: a message to test mailboxes, and how it was authenticated there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.auth_words import Result
from sandbox.core.model import MessageRecord, Outcome, Resource
from sandbox.core.verdicts import judge
from sandbox.providers.ses import named, sending
from sandbox.providers.ses.call import Call, Handler

KIND = "deliverability-test-report"
ISPS = ("Gmail", "Yahoo", "Hotmail", "AOL")
MAILBOX = "success+{isp}@simulator.amazonses.com"
"""Where the message of a test goes."""
_MISSING = "api.NotFoundException.report"


async def create_report(call: Call) -> Mapping[str, Any]:
    """Send the message of a test to every mailbox of it."""
    given = call.input
    mailboxes = [MAILBOX.format(isp=isp.lower()) for isp in ISPS]
    wish = {
        "FromEmailAddress": given["FromEmailAddress"],
        "Destination": {"ToAddresses": mailboxes},
        "Content": given["Content"],
    }
    sent = await sending.send_email(call.with_input(wish))
    data = {
        "name": given.get("ReportName"),
        "from": given["FromEmailAddress"],
        "message": sent["MessageId"],
        "tags": given.get("Tags", []),
    }
    row = await named.add(call, KIND, call.account.ids.uuid(), data, _MISSING)
    return {"ReportId": row.key, "DeliverabilityTestStatus": "IN_PROGRESS"}


async def get_report(call: Call) -> Mapping[str, Any]:
    """Where the message of a test ended."""
    row = await named.existing(call, KIND, call.input["ReportId"], _MISSING)
    message = await _message(call, row)
    placement = await _placement(call, message)
    raw = await call.services.store.messages.raw(call.account.id, message.id) if message else None
    return {
        "DeliverabilityTestReport": _summary(row, message),
        "OverallPlacement": placement,
        "IspPlacements": [{"IspName": isp, "PlacementStatistics": placement} for isp in ISPS],
        "Message": (raw or b"").decode("utf-8", "replace") or None,
        "Tags": row.data["tags"],
    }


async def list_reports(call: Call) -> Mapping[str, Any]:
    """Every test, the newest first."""
    found = (await named.rows(call, KIND))[::-1]
    listed = named.listing(call, "DeliverabilityTestReports", found, lambda row: row)
    shown = [_summary(row, await _message(call, row)) for row in listed["DeliverabilityTestReports"]]
    return {**listed, "DeliverabilityTestReports": shown}


async def _message(call: Call, row: Resource) -> MessageRecord | None:
    return await call.services.store.messages.by_envelope(call.account.id, "ses", row.data["message"])


def _summary(row: Resource, message: MessageRecord | None) -> dict[str, Any]:
    waiting = message is not None and any(one.outcome is Outcome.QUEUED for one in message.recipients)
    return {
        "ReportId": row.key,
        "ReportName": row.data["name"],
        "Subject": message.subject if message else None,
        "FromEmailAddress": row.data["from"],
        "CreateDate": row.created,
        "DeliverabilityTestStatus": "IN_PROGRESS" if waiting else "COMPLETED",
    }


async def _placement(call: Call, message: MessageRecord | None) -> dict[str, float]:
    """What share of the mailboxes got it where: all in the inbox, unless DMARC fails or nothing came."""
    delivered = [one for one in message.recipients if one.outcome is Outcome.DELIVERED] if message else []
    came = 100.0 * len(delivered) / len(ISPS)
    spf = dkim = spam = False
    copies = call.services.providers["ses"].copies
    if message and delivered and copies is not None:
        raw = await call.services.store.messages.raw(call.account.id, message.id) or b""
        copy = await copies.get(call.account, message, raw, delivered[0].address)
        found = await judge(call.services.dns.lookup, call.account, copy)
        spf, dkim = found.spf.result is Result.PASS, found.dkim.result is Result.PASS
        spam = found.dmarc.result is Result.FAIL
    return {
        "InboxPercentage": 0.0 if spam else came,
        "SpamPercentage": came if spam else 0.0,
        "MissingPercentage": 100.0 - came,
        "SpfPercentage": came if spf else 0.0,
        "DkimPercentage": came if dkim else 0.0,
    }


V2: Mapping[str, Handler] = {
    "CreateDeliverabilityTestReport": create_report,
    "GetDeliverabilityTestReport": get_report,
    "ListDeliverabilityTestReports": list_reports,
}
