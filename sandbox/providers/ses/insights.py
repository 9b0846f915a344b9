"""Insights: what became of one message, and what can be said about an address before anything is sent to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.dns.lookup import Status
from sandbox.core.errors import Refusal
from sandbox.providers.ses import counting
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.counting import Occurrence

ROLES = frozenset(
    {"abuse", "admin", "billing", "contact", "help", "hostmaster", "info", "noc", "noreply", "no-reply", "office"}
    | {"postmaster", "root", "sales", "security", "support", "webmaster"}
)
"""Mailboxes of a function, not of a person (RFC 2142 and custom)."""
DISPOSABLE = frozenset(
    {"10minutemail.com", "guerrillamail.com", "mailinator.com", "temp-mail.org", "trashmail.com", "yopmail.com"}
)
"""Domains whose mailboxes anybody may have for some minutes."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_RANDOM = re.compile(r"[bcdfghjklmnpqrstvwxz]{6,}|[a-f0-9]{16,}")


async def get_message_insights(call: Call) -> Mapping[str, Any]:
    """Everything that happened to a message, by recipient."""
    services, message_id = call.services, call.input["MessageId"]
    found = await services.store.messages.by_envelope(call.account.id, "ses", message_id)
    if found is None or "received" in found.attributes:
        raise Refusal("api.NotFoundException.message", resource=message_id[:200])
    happened = list(counting.told(await services.store.events.of_message(found.id)))
    tags: Mapping[str, Any] = found.attributes.get("tags") or {}
    return {
        "MessageId": message_id,
        "FromEmailAddress": (found.sender or found.envelope.mail_from)[:320] or None,
        "Subject": found.subject[:998] or None,
        "EmailTags": [{"Name": name, "Value": value} for name, values in tags.items() for value in values],
        "Insights": [
            {
                "Destination": one.address,
                "Isp": counting.isp(one.address),
                "Events": [_event(event) for event in happened if event.recipient == one.address],
            }
            for one in found.recipients
        ],
    }


def _event(one: Occurrence) -> dict[str, Any]:
    details: dict[str, Any] | None = None
    if one.bounce is not None:
        details = {
            "Bounce": {
                "BounceType": one.bounce.type.upper(),
                "BounceSubType": one.bounce.subtype,
                "DiagnosticCode": one.detail,
            }
        }
    elif one.kind == "COMPLAINT":
        details = {"Complaint": {"ComplaintFeedbackType": "abuse"}}
    return {"Timestamp": one.at, "Type": one.kind, "Details": details}


async def get_email_address_insights(call: Call) -> Mapping[str, Any]:
    """What an address looks like, what DNS says of its domain, and what became of mail to it here."""
    address = call.input["EmailAddress"]
    syntax = _ADDRESS.fullmatch(address) is not None
    local, _, domain = address.lower().rpartition("@")
    records = syntax and await _takes_mail(call, domain)
    exists = records and not await _bounced(call, address)
    found = {
        "HasValidSyntax": _sure(syntax),
        "HasValidDnsRecords": _sure(records),
        "MailboxExists": _sure(exists),
        "IsRoleAddress": _sure(local.partition("+")[0] in ROLES),
        "IsDisposable": _sure(domain in DISPOSABLE),
        "IsRandomInput": _sure(_RANDOM.search(local) is not None),
    }
    return {"MailboxValidation": {"IsValid": _sure(exists), "Evaluations": found}}


def _sure(holds: bool) -> dict[str, str]:
    return {"ConfidenceVerdict": "HIGH" if holds else "LOW"}


async def _takes_mail(call: Call, domain: str) -> bool:
    answer = await call.services.dns.lookup.query(call.account, domain, "MX")
    return answer.status is Status.FOUND and not all(one.split()[-1] == "." for one in answer.records)


async def _bounced(call: Call, address: str) -> bool:
    """Whether the address is on the account's suppression list since it bounced."""
    local, _, domain = address.rpartition("@")
    key = f"{local}@{domain.lower()}"
    found = await call.services.store.resources.find(call.account.id, "ses", "suppression", key)
    return found is not None and found.data["reason"] == "BOUNCE"


V2: Mapping[str, Handler] = {
    "GetEmailAddressInsights": get_email_address_insights,
    "GetMessageInsights": get_message_insights,
}
