"""How the core's values look as JSON: snake_case names, ISO 8601 times in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.catalog import ErrorEntry
from sandbox.core.chaos import Disturbance
from sandbox.core.clock import to_iso
from sandbox.core.faults import MAGIC_DOMAIN, Fault
from sandbox.core.mime import Attachment, Content, Node
from sandbox.core.model import Event, MessageRecord, Outcome, RecipientRecord, Stage
from sandbox.core.store import SessionRecord
from sandbox.window.preview import remote_content

Json = dict[str, Any]
FORTUNE = (
    Outcome.DELIVERED,
    Outcome.BLACKHOLED,
    Outcome.QUEUED,
    Outcome.SUPPRESSED,
    Outcome.HARD_BOUNCED,
    Outcome.SOFT_BOUNCED,
    Outcome.DEFERRED,
    Outcome.REJECTED,
)
"""Outcomes from the most to the least fortunate."""
_MAGIC_STAGES = frozenset({Stage.RCPT, Stage.DATA, Stage.BODY, Stage.REQUEST})
"""Where the recipients are known, so that a magic recipient can ask for an error."""


def outcome(recipients: Iterable[RecipientRecord]) -> str:
    """What became of a message: the outcome of its least fortunate recipient; `queued` without any."""
    return str(max((one.outcome for one in recipients), key=FORTUNE.index, default=Outcome.QUEUED))


def message_summary(record: MessageRecord) -> Json:
    """A message as lists show it."""
    envelope = record.envelope
    return {
        "id": record.id,
        "account": record.account,
        "provider": record.provider,
        "channel": str(record.channel),
        "session": record.session,
        "envelope": {
            "mail_from": envelope.mail_from,
            "rcpt_to": list(envelope.rcpt_to),
            "helo": envelope.helo,
            "client": envelope.client,
            "user": envelope.user,
            "mail_params": dict(envelope.mail_params),
        },
        "sender": record.sender,
        "to": record.to,
        "subject": record.subject,
        "message_id": record.message_id,
        "envelope_id": record.envelope_id,
        "outcome": outcome(record.recipients),
        "recipients": [_recipient(one) for one in record.recipients],
        "size": record.size,
        "sha256": record.sha256,
        "times": {"accepted": to_iso(record.accepted)},
        "read": record.read,
        "tags": list(record.tags),
        "attributes": dict(record.attributes),
        "snippet": record.snippet,
        "attachment_count": record.attachments,
    }


def message(record: MessageRecord, content: Content, events: Sequence[Event]) -> Json:
    """A message with everything about it but its octets."""
    about: dict[str, list[Json]] = {}
    for one in events:
        happened = {"id": one.id, "at": to_iso(one.at), "type": one.type, "data": _with_iso(one.data)}
        about.setdefault(one.recipient or "", []).append(happened)
    return {
        **message_summary(record),
        "recipients": [{**_recipient(one), "events": about.get(one.address, [])} for one in record.recipients],
        "headers": [[name, value] for name, value in content.headers],
        "text": content.text,
        "html": content.html,
        "attachments": [_attachment(one) for one in content.attachments],
        "attachment_count": len(content.attachments),
        "structure": [_node(one) for one in content.structure],
        "remote_content": remote_content(content.html),
        "problems": list(content.problems),
    }


def _recipient(record: RecipientRecord) -> Json:
    return {
        "address": record.address,
        "outcome": str(record.outcome),
        "detail": record.detail,
        "attempts": record.attempts,
        "due": None if record.due is None else to_iso(record.due),
    }


def _attachment(one: Attachment) -> Json:
    return {
        "n": one.n,
        "filename": one.filename,
        "content_type": one.content_type,
        "size": one.size,
        "content_id": one.content_id,
        "disposition": one.disposition,
    }


def _node(one: Node) -> Json:
    return {
        "depth": one.depth,
        "content_type": one.content_type,
        "charset": one.charset,
        "encoding": one.encoding,
        "n": one.leaf.n if one.leaf else None,
        "filename": one.leaf.filename if one.leaf else "",
        "size": one.leaf.size if one.leaf else 0,
    }


def session_summary(record: SessionRecord) -> Json:
    """A conversation as lists show it: without its transcript."""
    return {
        "id": record.id,
        "provider": record.provider,
        "channel": str(record.channel),
        "client": record.client,
        "user": record.user,
        "summary": record.summary,
        "started": to_iso(record.started),
        "ended": None if record.ended is None else to_iso(record.ended),
        "refusals": [_with_iso(refusal) for refusal in record.refusals],
        "messages": list(record.messages),
    }


def session(record: SessionRecord, catalog: Mapping[str, ErrorEntry]) -> Json:
    """A conversation with its transcript, and with the catalog's row in each refusal."""
    whole = session_summary(record)
    for refusal in whole["refusals"]:
        entry = catalog.get(refusal["error"])
        refusal["entry"] = None if entry is None else error(entry)
    return {**whole, "lines": [_with_iso(line) for line in record.lines], "extra": dict(record.extra)}


def event(one: Event) -> Json:
    """An event as the log and the stream show it."""
    return {
        "id": one.id,
        "account": one.account,
        "at": to_iso(one.at),
        "type": one.type,
        "message": one.message,
        "recipient": one.recipient,
        "data": _with_iso(one.data),
    }


def _with_iso(values: Mapping[str, Any]) -> Json:
    return {
        name: to_iso(value) if name == "at" and isinstance(value, int | float) else value
        for name, value in values.items()
    }


def error(entry: ErrorEntry) -> Json:
    """A row of the catalog."""
    return {
        "id": entry.id,
        "provider": entry.provider,
        "channel": str(entry.channel),
        "status": entry.status,
        "code": entry.code,
        "text": entry.text,
        "observed": entry.observed,
        "stages": [str(stage) for stage in entry.stages],
        "closes": entry.closes,
        "title": entry.title,
        "description": entry.description,
        "source": entry.source,
        "evidence": entry.evidence,
        "trigger": entry.trigger,
        "remedy": entry.remedy,
        "unprovoked": entry.unprovoked,
        "magic_recipient": f"{entry.id}@{MAGIC_DOMAIN}" if _MAGIC_STAGES.intersection(entry.stages) else None,
    }


def fault(armed: Fault) -> Json:
    """A forced error or disturbance that is armed, or that has fired as often as it was asked to."""
    disturbance = armed.effect if isinstance(armed.effect, Disturbance) else None
    return {
        "id": armed.id,
        "error": armed.effect.id,
        "action": armed.effect.id if disturbance else None,
        "seconds": disturbance.seconds or None if disturbance else None,
        "bytes_per_second": disturbance.bytes_per_second or None if disturbance else None,
        "stage": str(armed.stage),
        "match": dict(armed.match),
        "times": armed.times,
        "probability": armed.probability,
        "after": armed.after,
        "fired": armed.fired,
        "used_up": armed.used_up,
        "follows": armed.follows or None,
    }


def clock(account: Account) -> Json:
    """The account's clock and how far it is from real time."""
    return {"now": to_iso(account.clock.now()), "offset": account.clock.offset, "moved": bool(account.clock.offset)}
