"""Bounces of mail that arrived: of the Bounce action and of SendBounce, as delivery status notifications (RFC 3464)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.reports.assembly import Part, Report, assemble, block, returned

SUBJECT = "Delivery Status Notification (Failure)"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A recipient that a bounce speaks of."""

    address: str
    status: str
    """Enhanced status code (RFC 3463)."""
    diagnostic: str
    """What follows `smtp; `."""
    action: str = "failed"
    final: str = ""
    """Final-Recipient, when it is another address."""
    remote: str = ""
    last_attempt: float | None = None
    more: Sequence[tuple[str, str]] = ()
    """Extension fields."""


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """What a bounce says."""

    sender: str
    """Header From, a verified address."""
    recipient: str
    """The reverse-path of the message that bounces."""
    words: str
    reporting_mta: str
    arrived: float
    failed: Sequence[Failed]
    more: Sequence[tuple[str, str]] = ()
    """Extension fields of the message."""


def report(account: Account, bounce: Bounce, original: bytes, now: float) -> Report:
    """The bounce as a report; its envelope has no sender, so that it can't bounce itself."""
    domain = bounce.sender.rpartition("@")[2]
    octets = assemble(
        report_type="delivery-status",
        head=[
            ("From", f"MAILER-DAEMON <{bounce.sender}>"),
            ("To", f"<{bounce.recipient}>"),
            ("Subject", SUBJECT),
            ("Message-ID", f"<{account.ids.hex(24)}@{domain}>"),
        ],
        now=now,
        boundary=f"=_{account.ids.hex(24)}",
        parts=[
            Part(
                content_type="text/plain; charset=utf-8",
                octets=_words(bounce).encode(),
                description="Notification",
            ),
            Part(content_type="message/delivery-status", octets=_status(bounce).encode(), description="Status"),
            returned(original, full=True),
        ],
    )
    return Report(kind="failed", sender=bounce.sender, recipient=bounce.recipient, octets=octets)


def of_action(action: Mapping[str, Any], recipients: Sequence[str]) -> list[Failed]:
    """What the Bounce action says of each recipient."""
    status = str(action.get("StatusCode") or f"{action['SmtpReplyCode'][:1]}.0.0")
    diagnostic = f"{action['SmtpReplyCode']} {status} {action['Message']}"
    return [Failed(address=one, status=status, diagnostic=diagnostic) for one in recipients]


def _words(bounce: Bounce) -> str:
    lines = [*" ".join(bounce.words.splitlines()).split("\r\n"), ""]
    lines += [f"<{one.address}>: {' '.join(one.diagnostic.split())}" for one in bounce.failed]
    return "\r\n".join(lines) + "\r\n"


def _status(bounce: Bounce) -> str:
    groups = [[("Reporting-MTA", bounce.reporting_mta), ("Arrival-Date", formatdate(bounce.arrived)), *bounce.more]]
    groups += [_recipient(one) for one in bounce.failed]
    return "\r\n".join(block(group) for group in groups)


def _recipient(one: Failed) -> list[tuple[str, str]]:
    final = one.final or one.address
    return [
        ("Original-Recipient", f"rfc822; {one.address}" if one.final else ""),
        ("Final-Recipient", final if ";" in final else f"rfc822; {final}"),
        ("Action", one.action),
        ("Status", one.status),
        ("Remote-MTA", one.remote),
        ("Diagnostic-Code", f"smtp; {one.diagnostic}" if one.diagnostic else ""),
        ("Last-Attempt-Date", formatdate(one.last_attempt) if one.last_attempt else ""),
        *one.more,
    ]
