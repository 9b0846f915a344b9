"""Strict checks of reports, field by field: RFC 3464 for notifications, RFC 5965 for complaints.

The usual readers forgive almost anything; these check form. Each returns the list of what is wrong.
"""

import re
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime

ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}


def container(octets, report_type):
    """The report's parts, and what is wrong with its container (RFC 6522)."""
    report = message_from_bytes(octets, policy=default)
    wrong = [f"{type(defect).__name__}" for part in report.walk() for defect in part.defects]
    if report.get_content_type() != "multipart/report":
        wrong.append(f"content type {report.get_content_type()}")
    if report.get_param("report-type") != report_type:
        wrong.append(f"report-type {report.get_param('report-type')}")
    if report.get("Auto-Submitted") != "auto-replied":
        wrong.append("not marked as automatic (RFC 3834)")
    present = [(name.lower(), "") for name in report.keys()]  # noqa: SIM118 - a message repeats its keys
    wrong += once(present, {"from", "to", "date", "message-id", "subject", "mime-version"})
    if any(len(line) > 998 for line in octets.split(b"\r\n")) or re.search(rb"(?<!\r)\n|\r(?!\n)", octets):
        wrong.append("a line that is too long or ends wrongly")
    parts = report.get_payload() if report.is_multipart() else []
    return report, parts, wrong


def groups(part):
    """Field groups of a machine-readable part, names in lower case; its own reading of the octets."""
    payload = part.get_payload()
    text = "\r\n".join(str(block) for block in payload) if isinstance(payload, list) else part.get_payload()
    text = text.replace("\r\n", "\n").strip()
    found = []
    for block in re.split(r"\n\s*\n", text):
        unfolded = re.sub(r"\n[ \t]+", " ", block)
        found.append([tuple(line.partition(":")[::2]) for line in unfolded.split("\n")])
    return [[(name.lower(), value.strip()) for name, value in group] for group in found]


def dsn(octets):
    """What is wrong with a delivery status notification."""
    _, parts, wrong = container(octets, "delivery-status")
    if [part.get_content_type() for part in parts][:2] != ["text/plain", "message/delivery-status"]:
        return [*wrong, "parts are not text/plain, message/delivery-status"]
    if len(parts) != 3 or parts[2].get_content_type() not in ("message/rfc822", "text/rfc822-headers"):
        wrong.append("the third part is not the message or its headers")
    per_message, *recipients = groups(parts[1])
    wrong += once(per_message, {"reporting-mta"})
    wrong += [
        f"{name} is no typed value" for name, value in per_message if name == "reporting-mta" and ";" not in value
    ]
    if not recipients:
        wrong.append("no recipient")
    for group in recipients:
        wrong += recipient_faults(group)
    return wrong


def recipient_faults(group):
    """What is wrong with the fields of one recipient (RFC 3464 §2.3)."""
    wrong = once(group, {"final-recipient", "action", "status"})
    fields = dict(group)
    if fields.get("action") not in ACTIONS:
        wrong.append(f"action {fields.get('action')}")
    if not ENHANCED.fullmatch(fields.get("status", "")):
        wrong.append(f"status {fields.get('status')}")
    expected = {"failed": "45", "delayed": "4", "delivered": "2"}.get(fields.get("action"), "245")
    if fields.get("status", "x")[0] not in expected:
        wrong.append("action and status disagree")
    typed = ("final-recipient", "original-recipient", "remote-mta", "diagnostic-code")
    wrong += [f"{name} is no typed value" for name in typed if not re.match(r"[\w-]+; ?\S", fields.get(name, "x; y"))]
    for name in {"last-attempt-date", "will-retry-until"} & set(fields):
        parsedate_to_datetime(fields[name])
    if "will-retry-until" in fields and fields.get("action") != "delayed":
        wrong.append("will-retry-until without a delay")
    return wrong


def arf(octets):
    """What is wrong with a complaint report."""
    _, parts, wrong = container(octets, "feedback-report")
    types = [part.get_content_type() for part in parts]
    if types[:2] != ["text/plain", "message/feedback-report"] or types[2:] not in (
        ["message/rfc822"],
        ["text/rfc822-headers"],
    ):
        return [*wrong, f"parts {types}"]
    (fields,) = groups(parts[1])
    wrong += once(fields, {"feedback-type", "user-agent", "version"})
    wrong += [
        f"{name} stands twice"
        for name in ("original-envelope-id", "original-mail-from", "arrival-date", "source-ip")
        if [n for n, _ in fields].count(name) > 1
    ]
    if dict(fields).get("version") != "1":
        wrong.append("version")
    return wrong


def once(group, required):
    names = [name for name, _ in group]
    return [f"{name} stands {names.count(name)} times" for name in required if names.count(name) != 1]
