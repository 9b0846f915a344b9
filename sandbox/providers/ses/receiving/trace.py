"""The fields that the service puts in front of a message that arrives.

Source: the developer guide's sample of an incoming event (order and wording of the fields). The service's own
signature of its receipt is not made.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime

from sandbox.core.accounts import Account
from sandbox.core.auth_results import Verdicts as Checks
from sandbox.core.auth_words import Result
from sandbox.core.delivered_copy import DeliveredCopy
from sandbox.core.reports.assembly import one_line
from sandbox.providers.ses.receiving.verdicts import DISABLED, Verdicts

RECEIPT_OCTETS = 96


def fields(account: Account, copy: DeliveredCopy, found: Verdicts, *, host: str, message_id: str) -> bytes:
    """Return-Path, Received, verdicts, authentication and receipt, each with its CRLF."""
    name, moment = copy.helo or "unknown", format_datetime(datetime.fromtimestamp(int(copy.at), UTC))
    received = (
        f"from {name} ({name} [{copy.address}])\r\n by {host} with SMTP id {message_id}\r\n"
        f" for {copy.recipient};\r\n {moment} (UTC)"
    )
    receipt = b64encode(account.ids.random.randbytes(RECEIPT_OCTETS)).decode()
    spf = _spf(copy, found.checks)
    lines = [
        ("Return-Path", f"<{copy.return_path}>"),
        ("Received", received),
        ("X-SES-Spam-Verdict", found.spam),
        ("X-SES-Virus-Verdict", found.virus),
        ("Received-SPF", spf),
        ("Authentication-Results", _results(spf, found.checks)),
        ("X-SES-RECEIPT", receipt),
    ]
    return b"".join(_field(name, value) for name, value in lines if value != DISABLED)


def _results(spf: str, checks: Checks) -> str:
    return "\r\n ".join(["amazonses.com;", f"spf={spf}", _dkim(checks), _dmarc(checks)])


def _field(name: str, value: str) -> bytes:
    parts = "\r\n ".join(one_line(part) for part in value.split("\r\n"))
    return f"{name}: {parts}\r\n".encode()


def _spf(copy: DeliveredCopy, checks: Checks) -> str:
    domain = checks.spf.domain
    said = {
        Result.PASS: f"domain of {domain} designates {copy.address} as permitted sender",
        Result.FAIL: f"domain of {domain} does not designate {copy.address} as permitted sender",
        Result.SOFTFAIL: f"transitioning domain of {domain} does not designate {copy.address} as permitted sender",
    }.get(checks.spf.result, f"{copy.address} is neither permitted nor denied by domain of {domain}")
    return (
        f"{checks.spf.result} (spfCheck: {said})\r\n client-ip={copy.address};"
        f" envelope-from={copy.return_path};\r\n helo={copy.helo};"
    )


def _dkim(checks: Checks) -> str:
    found = [f"dkim={one.result} header.i=@{one.domain};" for one in checks.dkim.signatures]
    return "\r\n ".join(found or ["dkim=none;"])


def _dmarc(checks: Checks) -> str:
    return f"dmarc={checks.dmarc.result} header.from={checks.dmarc.domain};"
