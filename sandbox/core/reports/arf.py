"""Complaint reports in the abuse reporting format (RFC 5965), as a mailbox provider's feedback loop sends them."""

from __future__ import annotations

from email.utils import formatdate

from sandbox.core.ids import Ids
from sandbox.core.model import MessageRecord
from sandbox.core.reports.assembly import Part, Report, assemble, block


def complaint(message: MessageRecord, raw: bytes, recipient: str, *, host: str, now: float, ids: Ids) -> Report | None:
    """The report that `recipient` called the message spam; None when it has no sender to tell."""
    if not message.envelope.mail_from:
        return None
    domain = recipient.rpartition("@")[2]
    sender = f"<feedback@{domain}>"
    head = [
        ("From", sender),
        ("To", f"<{message.envelope.mail_from}>"),
        ("Subject", f"FW: {message.subject}" if message.subject.isascii() else "Abuse report"),
        ("Message-ID", f"<{ids.hex(24)}@{domain}>"),
    ]
    fields = [
        ("Feedback-Type", "abuse"),
        ("User-Agent", "email-sandbox"),
        ("Version", "1"),
        ("Original-Envelope-Id", message.envelope_id),
        ("Original-Mail-From", f"<{message.envelope.mail_from}>"),
        ("Original-Rcpt-To", f"<{recipient}>"),
        ("Arrival-Date", formatdate(message.accepted)),
        ("Reporting-MTA", f"dns; mx.{domain}"),
        ("Reported-Domain", message.envelope.mail_from.rpartition("@")[2]),
    ]
    words = f"This is an email abuse report for a message received from {host}.\r\n"
    octets = assemble(
        report_type="feedback-report",
        head=head,
        now=now,
        boundary=f"=_{ids.hex(24)}",
        parts=[
            Part(content_type="text/plain; charset=us-ascii", octets=words.encode(), description="Notification"),
            Part(content_type="message/feedback-report", octets=block(fields).encode(), description="Feedback report"),
            Part(content_type="message/rfc822", octets=raw, description="Reported message"),
        ],
    )
    return Report(kind="complaint", sender=sender, recipient=message.envelope.mail_from, octets=octets)
