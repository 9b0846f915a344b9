"""What kind of bounce or delay a remote server's reply means to SES."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CODE = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """The two words for a bounce, and what stands in the report."""

    type: str
    subtype: str


_TRANSIENT = {
    "2.2": "MailboxFull",
    "2.3": "MessageTooLarge",
    "3.4": "MessageTooLarge",
    "6.0": "ContentRejected",
    "6.1": "AttachmentRejected",
    "7.1": "ContentRejected",
}
"""Second and third number of the enhanced status (RFC 3463) → subtype of a bounce that may not last."""
_DELAYS = {
    "2.2": "MailboxFull",
    "3.0": "RecipientServerError",
    "3.1": "RecipientServerError",
    "3.2": "RecipientServerError",
    "4.1": "TransientCommunicationFailure",
    "4.2": "TransientCommunicationFailure",
    "4.3": "TransientCommunicationFailure",
    "7.0": "SpamDetected",
    "7.1": "General",
    "7.26": "SpamDetected",
}
_LASTING = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4"})
"""The address or the domain does not exist."""


def bounce(reply: str, *, given_up: bool) -> Bounce:
    """The kind of bounce: `given_up` when the reply was temporary and trying went on in vain."""
    detail = _detail(reply)
    if given_up or (detail not in _LASTING and detail in _TRANSIENT):
        return Bounce(type="Transient", subtype=_TRANSIENT.get(detail, "General"))
    if not detail and not reply[:1].isdecimal():
        return Bounce(type="Undetermined", subtype="Undetermined")
    return Bounce(type="Permanent", subtype="General")


def delay(reply: str) -> str:
    """The kind of delay."""
    return _DELAYS.get(_detail(reply), "Undetermined" if not reply[:1].isdecimal() else "General")


def status(reply: str, default: str) -> str:
    """The enhanced status code of a reply."""
    found = _CODE.search(reply)
    return found[0] if found else default


def _detail(reply: str) -> str:
    found = _CODE.search(reply)
    return f"{found[2]}.{found[3]}" if found else ""
