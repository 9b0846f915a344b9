"""What happens after acceptance, as the inspection API has it: simulated events, outcome rules, reports, replays."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.core.attempts import FollowUp
from sandbox.core.clock import to_iso
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Resource
from sandbox.core.outcome_rules import OutcomeRule, make_rule
from sandbox.core.store.reports import ReportRow
from sandbox.window.call import Call
from sandbox.window.downloads import download
from sandbox.window.operation import Operation
from sandbox.window.problems import Problem, json_answer
from sandbox.window.schemas import TABLE, TEXT, WHOLE, maybe, page

RULES = 1000
"""Rules that an account may have; each is looked at for every attempt."""
_KIND = ("delivery", "rule")
_NOT_FOUND = {404: "there is no such thing in this account"}


async def simulate(call: Call) -> Response:
    """POST /simulate."""
    wish = await call.json()
    named = {name: wish.get(name) for name in ("event", "message", "recipient")}
    if wrong := [name for name, value in named.items() if not isinstance(value, str) or not value]:
        raise Problem(400, "bad-event", f"{wrong[0]} is missing: event, message and recipient are text")
    if named["event"] not in list(FollowUp):
        raise Problem(400, "bad-event", f"event is one of {', '.join(FollowUp)}")
    done = await call.controls.simulate(
        call.account, str(named["message"]), str(named["recipient"]), FollowUp(str(named["event"]))
    )
    return json_answer(
        {
            "message": done.due.message,
            "recipient": done.due.address,
            "event": f"recipient.{done.event}",
            "outcome": str(done.outcome),
            "detail": done.detail,
            "suppressed": done.suppression is not None and done.soft_limit is None,
        }
    )


async def show_rules(call: Call) -> Response:
    """GET /rules, in the order in which they are tried: the newest first."""
    stored = await call.services.store.resources.all(call.account.id, *_KIND)
    items = [_rule(make_rule(resource.data, resource.id)) for resource in reversed(stored)]
    return json_answer({"items": items, "next": None, "total": len(items)})


async def add_rule(call: Call) -> Response:
    """POST /rules."""
    wish = await call.json()
    resources = call.services.store.resources
    if len(await resources.all(call.account.id, *_KIND)) >= RULES:
        raise Problem(409, "too-many-rules", f"{RULES} rules are set; DELETE /sandbox/v1/rules clears them")
    rule_id = call.account.ids.alphanumeric(12)
    try:
        rule = make_rule({name: value for name, value in wish.items() if name != "id"}, rule_id)
    except ValueError as error:
        raise Problem(400, "bad-rule", str(error)) from error
    now = call.account.clock.now()
    await resources.add(
        Resource(
            account=call.account.id,
            provider=_KIND[0],
            kind=_KIND[1],
            id=rule_id,
            key=rule_id,
            data=wish,
            created=now,
            updated=now,
        )
    )
    return json_answer(_rule(rule), 201)


async def clear_rules(call: Call) -> Response:
    """DELETE /rules."""
    resources = call.services.store.resources
    stored = await resources.all(call.account.id, *_KIND)
    for resource in stored:
        await resources.remove(resource)
    return json_answer({"removed": len(stored)})


async def remove_rule(call: Call) -> Response:
    """DELETE /rules/{id}."""
    resources = call.services.store.resources
    found = await resources.get(call.account.id, *_KIND, call.path("id"))
    if found is None:
        raise NotFoundError(f"there is no rule {call.path('id')[:80]!r}")
    await resources.remove(found)
    return json_answer({"removed": 1})


def _rule(rule: OutcomeRule) -> dict[str, Any]:
    decision = rule.decision
    return {
        "id": rule.id,
        "recipient": rule.recipient,
        "sender": rule.sender,
        "subject": rule.subject,
        "headers": dict(rule.headers),
        "attempts": rule.attempts,
        "outcome": str(decision.verdict),
        "reply": decision.reply,
        "delay": decision.delay,
        "then": None if decision.follow_up is None else str(decision.follow_up),
        "after": decision.follow_up_after,
    }


async def show_reports(call: Call) -> Response:
    """GET /reports, newest first."""
    items = [_report(row) for row in await call.services.store.reports.page(call.account.id)]
    return json_answer({"items": items, "next": None, "total": len(items)})


async def show_reports_of(call: Call) -> Response:
    """GET /messages/{id}/reports, oldest first."""
    message = call.path("id")
    if await call.services.store.messages.get(call.account.id, message) is None:
        raise NotFoundError(f"there is no message {message[:80]!r}")
    items = [_report(row) for row in await call.services.store.reports.of_message(call.account.id, message)]
    return json_answer({"items": items, "next": None, "total": len(items)})


async def raw_report(call: Call) -> Response:
    """GET /reports/{id}/raw."""
    octets = await call.services.store.reports.raw(call.account.id, call.path("id"))
    if octets is None:
        raise NotFoundError(f"there is no report {call.path('id')[:80]!r}")
    return download(octets, "message/rfc822", "report.eml")


def _report(row: ReportRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "message": row.message,
        "kind": row.kind,
        "sender": row.sender,
        "recipient": row.recipient,
        "about": list(row.about),
        "created": to_iso(row.created),
    }


async def replay(call: Call) -> Response:
    """POST /events/{id}/replay."""
    wanted = call.path("id")
    if not wanted.isdecimal():
        raise NotFoundError(f"there is no event {wanted[:80]!r}")
    found = await call.services.store.events.since(call.account.id, int(wanted) - 1, limit=1)
    if not found or found[0].id != int(wanted):
        raise NotFoundError(f"there is no event {wanted}")
    return json_answer({"event": found[0].id, "told": await call.controls.replay(found[0])})


_WISH = {
    "type": "object",
    "properties": {
        "recipient": TEXT,
        "sender": TEXT,
        "subject": TEXT,
        "headers": TABLE,
        "outcome": {"type": "string", "enum": ["delivered", "blackholed", "hard_bounced", "deferred"]},
        "reply": TEXT,
        "delay": TEXT,
        "attempts": maybe(WHOLE),
        "then": {"type": "string", "enum": [str(one) for one in FollowUp]},
        "after": TEXT,
    },
}
_EVENT = {
    "type": "object",
    "required": ["event", "message", "recipient"],
    "properties": {
        "event": {"type": "string", "enum": [str(one) for one in FollowUp]},
        "message": TEXT,
        "recipient": TEXT,
    },
}

OPERATIONS = (
    Operation(
        method="POST",
        path="/simulate",
        handler=simulate,
        summary="Let something happen to a recipient after delivery",
        answer="Simulated",
        body=_EVENT,
        also={400: "a field is wrong", 404: "the message has no such recipient"},
    ),
    Operation(
        method="GET",
        path="/rules",
        handler=show_rules,
        summary="The account's outcome rules, in the order in which they are tried",
        answer=page("Rule"),
    ),
    Operation(
        method="POST",
        path="/rules",
        handler=add_rule,
        summary="Decide what becomes of matching mail",
        answer="Rule",
        body=_WISH,
        status=201,
        also={400: "a field is wrong", 409: "too many rules"},
    ),
    Operation(
        method="DELETE",
        path="/rules",
        handler=clear_rules,
        summary="Remove every rule of the account",
        answer="Removed",
    ),
    Operation(
        method="DELETE",
        path="/rules/{id}",
        handler=remove_rule,
        summary="Remove one rule",
        answer="Removed",
        also=_NOT_FOUND,
    ),
    Operation(
        method="GET",
        path="/reports",
        handler=show_reports,
        summary="Bounces, delay warnings, complaints and automatic replies, newest first",
        answer=page("Report"),
    ),
    Operation(
        method="GET",
        path="/messages/{id}/reports",
        handler=show_reports_of,
        summary="The reports on one message",
        answer=page("Report"),
        also=_NOT_FOUND,
    ),
    Operation(
        method="GET",
        path="/reports/{id}/raw",
        handler=raw_report,
        summary="A report as the return path gets it",
        answer="message/rfc822",
        also=_NOT_FOUND,
    ),
    Operation(
        method="POST",
        path="/events/{id}/replay",
        handler=replay,
        summary="Tell the callbacks about an event again",
        answer="Replayed",
        body={"type": "object", "properties": {}},
        also=_NOT_FOUND,
    ),
)
"""What the table of the inspection API has on delivery."""
