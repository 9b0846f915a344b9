"""JSON schemas of what the inspection API answers, as one table of fields; the OpenAPI document names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.auth_words import Result
from sandbox.core.chaos import Action

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TIME: Schema = {"type": "string", "format": "date-time"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
TABLE: Schema = {"type": "object"}
TEXTS: Schema = {"type": "array", "items": TEXT}
OUTCOMES = (
    "queued", "delivered", "blackholed", "suppressed", "hard_bounced", "soft_bounced", "deferred", "rejected",
)  # fmt: skip
OUTCOME: Schema = {"type": "string", "enum": list(OUTCOMES)}
CHANNEL: Schema = {"type": "string", "enum": ["smtp", "https"]}


def maybe(schema: Schema) -> Schema:
    """The schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    """A schema of the table below."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(schema: Schema) -> Schema:
    """A list of it."""
    return {"type": "array", "items": schema}


def page(name: str) -> Schema:
    """A part of a list: `next` is the cursor of the part after it, or null."""
    return record(items=many(ref(name)), next=maybe(TEXT), total=WHOLE)


def counted_page(name: str) -> Schema:
    """A part of a list that may be very long: unless `total_exact`, there are at least `total`."""
    return record(items=many(ref(name)), next=maybe(TEXT), total=WHOLE, total_exact=FLAG)


def record(**fields: Schema) -> Schema:
    """An object that has all of these fields."""
    return {"type": "object", "properties": fields, "required": list(fields)}


_RECIPIENT = {"address": TEXT, "outcome": OUTCOME, "detail": TEXT, "attempts": WHOLE, "due": maybe(TIME)}
_HAPPENED = record(id=WHOLE, at=TIME, type=TEXT, data=TABLE)
_SUMMARY: dict[str, Schema] = {
    "id": TEXT,
    "account": TEXT,
    "provider": TEXT,
    "channel": CHANNEL,
    "session": TEXT,
    "envelope": record(mail_from=TEXT, rcpt_to=TEXTS, helo=TEXT, client=TEXT, user=TEXT, mail_params=TABLE),
    "sender": TEXT,
    "to": TEXT,
    "subject": TEXT,
    "message_id": TEXT,
    "envelope_id": TEXT,
    "outcome": OUTCOME,
    "recipients": many(record(**_RECIPIENT)),
    "size": WHOLE,
    "sha256": TEXT,
    "times": record(accepted=TIME),
    "read": FLAG,
    "tags": TEXTS,
    "attributes": TABLE,
    "snippet": TEXT,
    "attachment_count": WHOLE,
}
_SESSION: dict[str, Schema] = {
    "id": TEXT,
    "provider": TEXT,
    "channel": CHANNEL,
    "client": TEXT,
    "user": TEXT,
    "summary": TEXT,
    "started": TIME,
    "ended": maybe(TIME),
    "refusals": many(ref("Refusal")),
    "messages": TEXTS,
}
_CHECKED: dict[str, Schema] = {
    "result": {"type": "string", "enum": [str(one) for one in Result]},
    "reason": TEXT,
    "publish": many(record(name=TEXT, type=TEXT, value=TEXT)),
}
"""What every authentication check answers: the result, why, and the DNS records that would mend it."""
_RESOURCE = {"id": TEXT, "key": TEXT, "created": TIME, "updated": TIME, "data": TABLE}
_QUOTA = many(record(seconds=WHOLE, used=WHOLE, limit=maybe(WHOLE), left=maybe(WHOLE)))
"""What counts in each window of so many seconds; no limit and nothing left to tell when it is unlimited."""
_SIDE: Schema = {"type": "string", "enum": ["client", "server", "sandbox"]}

SCHEMAS: Mapping[str, Schema] = {
    "Error": record(error=record(code=TEXT, message=TEXT)),
    "Removed": record(removed=WHOLE),
    "MessageSummary": record(**_SUMMARY),
    "Message": record(
        **_SUMMARY
        | {
            "recipients": many(record(**_RECIPIENT, events=many(_HAPPENED))),
            "headers": many({"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2}),
            "text": TEXT,
            "html": TEXT,
            "attachments": many(ref("Attachment")),
            "structure": many(ref("Part")),
            "remote_content": TEXTS,
            "authentication": ref("Authentication"),
            "problems": TEXTS,
        }
    ),
    "Authentication": record(
        dkim=maybe(record(**_CHECKED, signatures=many(ref("Signature")))),
        spf=maybe(record(**_CHECKED, domain=TEXT, address=TEXT, aligned=FLAG)),
        dmarc=maybe(record(**_CHECKED, domain=TEXT, record=TEXT, policy=TEXT, disposition=TEXT, aligned_by=TEXTS)),
    ),
    "Signature": record(**_CHECKED, domain=TEXT, selector=TEXT, aligned=FLAG),
    "Attachment": record(n=WHOLE, filename=TEXT, content_type=TEXT, size=WHOLE, content_id=TEXT, disposition=TEXT),
    "Part": record(
        depth=WHOLE, content_type=TEXT, charset=TEXT, encoding=TEXT, n=maybe(WHOLE), filename=TEXT, size=WHOLE
    ),
    "Waited": record(items=many(ref("MessageSummary")), total=WHOLE),
    "WaitedInVain": record(
        error=record(code=TEXT, message=TEXT),
        items=many(ref("MessageSummary")),
        total=WHOLE,
        arrived=many(ref("MessageSummary")),
        refused=many(ref("SessionSummary")),
    ),
    "Refusal": record(at=TIME, error=TEXT, stage=TEXT, status=WHOLE, text=TEXT, forced=FLAG, trigger=TEXT, remedy=TEXT),
    "SessionSummary": record(**_SESSION),
    "Session": record(**_SESSION, lines=many(record(at=TIME, side=_SIDE, text=TEXT)), extra=TABLE),
    "Event": record(id=WHOLE, account=TEXT, at=TIME, type=TEXT, message=maybe(TEXT), recipient=maybe(TEXT), data=TABLE),
    "CatalogError": record(
        id=TEXT,
        provider=TEXT,
        channel=CHANNEL,
        status=WHOLE,
        code=TEXT,
        text=TEXT,
        observed=TEXT,
        stages=TEXTS,
        closes=FLAG,
        title=TEXT,
        description=TEXT,
        source=TEXT,
        evidence=TEXT,
        trigger=TEXT,
        remedy=TEXT,
        unprovoked=TEXT,
        magic_recipient=maybe(TEXT),
    ),
    "Simulated": record(message=TEXT, recipient=TEXT, event=TEXT, outcome=OUTCOME, detail=TEXT, suppressed=FLAG),
    "Rule": record(
        id=TEXT,
        recipient=TEXT,
        sender=TEXT,
        subject=TEXT,
        headers=TABLE,
        attempts=maybe(WHOLE),
        outcome=TEXT,
        reply=TEXT,
        delay=maybe(NUMBER),
        then=maybe(TEXT),
        after=NUMBER,
    ),
    "Report": record(id=TEXT, message=TEXT, kind=TEXT, sender=TEXT, recipient=TEXT, about=TEXTS, created=TIME),
    "Replayed": record(event=WHOLE, told=WHOLE),
    "Fault": record(
        id=TEXT,
        error=TEXT,
        action=maybe({"type": "string", "enum": [str(one) for one in Action]}),
        seconds=maybe(NUMBER),
        bytes_per_second=maybe(WHOLE),
        stage=TEXT,
        match=TABLE,
        times=maybe(WHOLE),
        probability=NUMBER,
        after=WHOLE,
        fired=WHOLE,
        used_up=FLAG,
        follows=maybe(TEXT),
    ),
    "State": record(clock=ref("Clock"), providers=many(ref("ProviderState")), resources=many(ref("ResourceKind"))),
    "ProviderState": record(
        name=TEXT,
        region=TEXT,
        quota=_QUOTA,
    ),
    "ResourceKind": record(provider=TEXT, kind=TEXT, items=many(record(**_RESOURCE)), total=WHOLE),
    "Suppression": record(provider=TEXT, kind=TEXT, **_RESOURCE),
    "Activity": record(since=TIME, until=TIME, seconds=NUMBER, items=many(record(at=TIME, counts=TABLE))),
    "Recipes": record(items=many(record(provider=TEXT, tool=TEXT, text=TEXT)), next=maybe(TEXT), total=WHOLE),
    "Idle": record(idle=FLAG, open=many(ref("SessionSummary"))),
    "Clock": record(now=TIME, offset=NUMBER, moved=FLAG),
    "Account": record(account=TEXT),
    "Status": record(
        version=TEXT,
        started=TIME,
        uptime=NUMBER,
        account=TEXT,
        permissive=FLAG,
        providers=many(record(name=TEXT, region=TEXT, wording=TEXT, quota=_QUOTA)),
        listeners=TABLE,
        counts=record(messages=WHOLE, unread=WHOLE, outcomes=TABLE, sessions=WHOLE, refused=WHOLE, open=WHOLE),
        clock=ref("Clock"),
        last_event=WHOLE,
        store=record(used=WHOLE, file=WHOLE, free=maybe(WHOLE)),
        warnings=TEXTS,
    ),
}
"""Schemas by name."""
