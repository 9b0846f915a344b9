"""What the search grammar's fields compare in conversations (SMTP sessions and API calls), as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sandbox.core.model import Channel, Stage
from sandbox.core.search_fields import Field, Grammar, like, moment, one_of
from sandbox.core.store.messages import Clause

_REFUSAL = "EXISTS (SELECT 1 FROM json_each(detail, '$.refusals') r WHERE {})"
_LINE = "EXISTS (SELECT 1 FROM json_each(detail, '$.lines') l WHERE {})"
_IS = {
    "refused": "refused > 0",
    "accepted": "json_array_length(detail, '$.messages') > 0",
    "forced": _REFUSAL.format("json_extract(r.value, '$.forced')"),
    "open": "ended IS NULL",
}


def _within(outer: str, column: str, value: str) -> Clause:
    """A part of a text inside the JSON; where that spells the value as it is, the whole JSON is looked at first."""
    found = like(column, value)
    inside = Clause(sql=outer.format(found.sql), params=found.params)
    if json.dumps(value) != f'"{value}"':
        return inside
    first = like("detail", value)
    return Clause(sql=f"({first.sql}) AND {inside.sql}", params=(*first.params, *inside.params))


def _any(*clauses: Clause) -> Clause:
    sql = " OR ".join(f"({clause.sql})" for clause in clauses)
    return Clause(sql=sql, params=tuple(value for clause in clauses for value in clause.params))


def said(value: str) -> Clause:
    """Words of the transcript, of a refusal, of the summary, or a part of client or user."""
    return _any(
        *(like(column, value) for column in ("summary", "client", "user")),
        _within(_LINE, "json_extract(l.value, '$.text')", value),
        _within(_REFUSAL, "json_extract(r.value, '$.text')", value),
    )


def _stage(value: str) -> Clause:
    wanted = one_of(value, [str(stage).lower() for stage in Stage])
    return Clause(sql=_REFUSAL.format("json_extract(r.value, '$.stage') = ?"), params=(wanted.upper(),))


FIELDS: Mapping[str, Field] = {
    "error": Field(
        wants="a catalog id or a part of one",
        about="the error behind a refusal, such as `oci.smtp.535`",
        clause=lambda value, _: _within(_REFUSAL, "json_extract(r.value, '$.error')", value),
    ),
    "is": Field(
        wants=", ".join(_IS),
        about="whether something was refused, accepted or forced, or it still goes on",
        clause=lambda value, _: Clause(sql=_IS[one_of(value, list(_IS))]),
    ),
    "stage": Field(
        wants="a stage such as rcpt",
        about="at which stage something was refused",
        clause=lambda value, _: _stage(value),
    ),
    "said": Field(
        wants="words of the transcript",
        about="what client or server said",
        clause=lambda value, _: _within(_LINE, "json_extract(l.value, '$.text')", value),
    ),
    "client": Field(
        wants="an address or a part of one",
        about="the client's address and port",
        clause=lambda value, _: like("client", value),
    ),
    "user": Field(
        wants="a user's name or a part of it", about="who logged in", clause=lambda value, _: like("user", value)
    ),
    "provider": Field(
        wants="a provider's name",
        about="the provider",
        clause=lambda value, _: Clause(sql="provider = ? COLLATE NOCASE", params=(value,)),
    ),
    "channel": Field(
        wants="smtp or https",
        about="how the client spoke",
        clause=lambda value, _: Clause(sql="channel = ?", params=(one_of(value, [str(one) for one in Channel]),)),
    ),
    "message": Field(
        wants="a message's id",
        about="the conversation in which this message came",
        clause=lambda value, _: Clause(
            sql="EXISTS (SELECT 1 FROM json_each(detail, '$.messages') m WHERE m.value = ?)", params=(value,)
        ),
    ),
    "before": Field(
        wants="a time like 2026-01-31 or 1h",
        about="begun before a time, or longer ago",
        clause=lambda value, now: Clause(sql="started < ?", params=(moment(value, now),)),
    ),
    "after": Field(
        wants="a time like 2026-01-31 or 1h",
        about="begun at a time or later, or not longer ago",
        clause=lambda value, now: Clause(sql="started >= ?", params=(moment(value, now),)),
    ),
    "id": Field(
        wants="a conversation's id",
        about="the sandbox's id of the conversation",
        clause=lambda value, _: Clause(sql="id = ?", params=(value,)),
    ),
}
ATTEMPTS = Grammar(fields=FIELDS, anywhere=said)
