"""Delivery status notifications (RFC 3464), sent to the reverse-path and never for the null sender."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate

from sandbox.core.ids import Ids
from sandbox.core.model import MessageRecord
from sandbox.core.reports.assembly import Part, Report, assemble, block, returned

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One recipient that a notification speaks of."""

    recipient: str
    reply: str
    """The remote reply, or why no remote host was reached."""
    mta: str
    """The remote host, empty when none was reached."""
    at: float
    """Moment of the last attempt, Unix seconds."""
    retry_until: float | None = None
    """For a delay: when delivery gives up."""
    original: str = ""
    """ORCPT as the client gave it (RFC 3461 §4.2)."""


def notification(
    message: MessageRecord, raw: bytes, failures: Sequence[Failure], *, host: str, now: float, ids: Ids
) -> Report | None:
    """The DSN about `failures` of one message; None for the null sender. All failures are of one kind."""
    if not message.envelope.mail_from or not failures:
        return None
    delayed = failures[0].retry_until is not None
    sender = f"Mail Delivery System <MAILER-DAEMON@{host}>"
    head = [
        ("From", sender),
        ("To", f"<{message.envelope.mail_from}>"),
        ("Subject", "Delivery delayed" if delayed else "Undelivered Mail Returned to Sender"),
        ("Message-ID", f"<{ids.hex(24)}@{host}>"),
        ("In-Reply-To", f"<{message.message_id}>"),
    ]
    full = not delayed and message.envelope.mail_params.get("RET", "FULL").upper() == "FULL"
    octets = assemble(
        report_type="delivery-status",
        head=head,
        now=now,
        boundary=f"=_{ids.hex(24)}",
        parts=[
            Part(
                content_type="text/plain; charset=utf-8",
                octets=_words(failures, host, delayed=delayed),
                description="Notification",
            ),
            Part(
                content_type="message/delivery-status",
                octets=_status(message, failures, host, delayed=delayed),
                description="Delivery report",
            ),
            returned(raw, full=full),
        ],
    )
    kind = "delayed" if delayed else "failed"
    return Report(kind=kind, sender=sender, recipient=message.envelope.mail_from, octets=octets)


def _words(failures: Sequence[Failure], host: str, *, delayed: bool) -> bytes:
    opening = (
        "Your message has not been delivered yet; it will be tried again. You need not send it again."
        if delayed
        else "Your message could not be delivered to the recipients below."
    )
    lines = [f"This is the mail system at host {host}.", "", opening, ""]
    for failure in failures:
        said = f"host {failure.mta} said: " if failure.mta else ""
        lines.append(f"<{failure.recipient}>: {said}{failure.reply}")
    return ("\r\n".join(" ".join(line.splitlines()) for line in lines) + "\r\n").encode()


def _status(message: MessageRecord, failures: Sequence[Failure], host: str, *, delayed: bool) -> bytes:
    """The machine-readable part: fields of the message, then a group for each recipient (RFC 3464 §2)."""
    groups = [
        [
            ("Original-Envelope-Id", message.envelope.mail_params.get("ENVID", "")),
            ("Reporting-MTA", f"dns; {host}"),
            ("Arrival-Date", formatdate(message.accepted)),
        ]
    ]
    groups += [_recipient(failure, delayed=delayed) for failure in failures]
    return "\r\n".join(block(group) for group in groups).encode()


def _recipient(failure: Failure, *, delayed: bool) -> list[tuple[str, str]]:
    """The fields of one recipient (RFC 3464 §2.3); empty ones are left out."""
    return [
        ("Original-Recipient", failure.original),
        ("Final-Recipient", _typed(failure.recipient)),
        ("Action", "delayed" if delayed else "failed"),
        ("Status", status_code(failure.reply, delayed=delayed)),
        ("Remote-MTA", f"dns; {failure.mta}" if failure.mta else ""),
        ("Diagnostic-Code", f"smtp; {failure.reply}" if failure.mta else f"X-email-sandbox; {failure.reply}"),
        ("Last-Attempt-Date", formatdate(failure.at)),
        ("Will-Retry-Until", formatdate(failure.retry_until) if failure.retry_until else ""),
    ]


def _typed(address: str) -> str:
    """An address with its type: RFC 3464 §2.3.2, and RFC 6533 §3 for those outside ASCII."""
    return f"rfc822; {address}" if address.isascii() else f"utf-8; {address}"


def status_code(reply: str, *, delayed: bool) -> str:
    """The enhanced status code (RFC 3463) of a reply: its own where it has one that fits, else a general one.

    A message that was given up keeps the class 4 of its last temporary failure: persistent, but transient.
    """
    found = _ENHANCED.search(reply)
    if found and found[0][0] in ("4" if delayed else "45"):
        return found[0]
    return "4.0.0" if delayed or reply.startswith("4") else "5.0.0"
