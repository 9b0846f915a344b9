"""What follows from an attempt or from something that happens later: pure functions from a decision to a record."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core.attempts import AutoReply, Decision, FollowUp, Verdict
from sandbox.core.clock import to_iso
from sandbox.core.model import Outcome
from sandbox.core.policy import SuppressionReason
from sandbox.core.retries import RetrySchedule
from sandbox.core.store.queue import ATTEMPT, Attempted, Due
from sandbox.core.values import frozen


@frozen
class Consequence:
    """The record of what was done, and what else it asks for."""

    record: Attempted
    suppress: SuppressionReason | None = None
    report: str = ""
    """`failed`, `delayed`, `complaint` or `auto_reply` when the sender is to be told; else empty."""
    auto_reply: AutoReply | None = None
    """What an `auto_reply` says."""
    source: str = ""
    """The host that the outcome comes from."""


def of_decision(due: Due, decision: Decision, now: float, schedule: RetrySchedule) -> Consequence:
    """What an attempt leads to: delivered, dropped, bounced, or deferred until the schedule gives up."""
    data = {"attempt": due.attempts + 1, "why": decision.why, "mta": decision.mta}
    if decision.verdict is Verdict.DELIVERED:
        follow_up = decision.follow_up
        record = _record(
            due,
            Outcome.DELIVERED,
            "delivered",
            decision.reply,
            now,
            data,
            again=None if follow_up is None else now + decision.follow_up_after,
            task=follow_up or ATTEMPT,
        )
        return Consequence(
            record=record,
            report="auto_reply" if decision.auto_reply else "",
            auto_reply=decision.auto_reply,
            source=decision.mta,
        )
    if decision.verdict is Verdict.BLACKHOLED:
        return Consequence(record=_record(due, Outcome.BLACKHOLED, "blackholed", decision.reply, now, data))
    if decision.verdict is Verdict.PERMANENT:
        record = _record(due, Outcome.HARD_BOUNCED, "hard_bounced", decision.reply, now, data)
        return Consequence(record=record, suppress=SuppressionReason.HARD_BOUNCE, report="failed", source=decision.mta)
    return _temporary(due, decision, now, schedule, data)


def _temporary(
    due: Due, decision: Decision, now: float, schedule: RetrySchedule, data: Mapping[str, object]
) -> Consequence:
    again = schedule.next_attempt(due.accepted, now, due.attempts + 1, decision.delay)
    if again is None:
        record = _record(due, Outcome.SOFT_BOUNCED, "soft_bounced", decision.reply, now, data)
        return Consequence(record=record, suppress=SuppressionReason.SOFT_BOUNCE, report="failed", source=decision.mta)
    warns = schedule.warns(due.accepted, due.last, now)
    record = _record(
        due, Outcome.DEFERRED, "deferred", decision.reply, now, {**data, "again": to_iso(again)}, again=again
    )
    return Consequence(record=record, report="delayed" if warns else "", source=decision.mta)


_LATER: Mapping[FollowUp, tuple[Outcome | None, str, str, SuppressionReason | None, str]] = {
    FollowUp.COMPLAINT: (
        None,
        "complained",
        "reported as spam by the recipient",
        SuppressionReason.COMPLAINT,
        "complaint",
    ),
    FollowUp.UNSUBSCRIBE: (None, "unsubscribed", "unsubscribed with one click", SuppressionReason.UNSUBSCRIBE, ""),
    FollowUp.BOUNCE: (
        Outcome.HARD_BOUNCED,
        "hard_bounced",
        "550 5.1.1 The email account does not exist (reported after delivery)",
        SuppressionReason.HARD_BOUNCE,
        "failed",
    ),
    FollowUp.SOFT_BOUNCE: (
        Outcome.SOFT_BOUNCED,
        "soft_bounced",
        "452 4.2.2 Mailbox full (reported after delivery)",
        SuppressionReason.SOFT_BOUNCE,
        "failed",
    ),
    FollowUp.OPEN: (None, "opened", "opened by the recipient", None, ""),
    FollowUp.CLICK: (None, "clicked", "a link was clicked", None, ""),
}
"""What each later event does: outcome (None: stays), event, detail, suppression, report."""


def of_follow_up(due: Due, follow_up: FollowUp, now: float, data: Mapping[str, object]) -> Consequence:
    """What happens to a recipient after delivery."""
    outcome, event, detail, suppress, report = _LATER[follow_up]
    domain = due.address.rpartition("@")[2]
    record = _record(due, outcome or due.outcome, event, detail, now, data)
    return Consequence(record=record, suppress=suppress, report=report, source=f"mx.{domain}")


def of_suppression(due: Due, reason: str, now: float) -> Consequence:
    """The recipient came onto the suppression list before delivery got to it."""
    detail = f"on the suppression list ({reason})"
    return Consequence(record=_record(due, Outcome.SUPPRESSED, "suppressed", detail, now, {}))


def _record(
    due: Due,
    outcome: Outcome,
    event: str,
    detail: str,
    now: float,
    data: Mapping[str, object],
    again: float | None = None,
    task: str = ATTEMPT,
) -> Attempted:
    return Attempted(due=due, outcome=outcome, event=event, detail=detail, at=now, data=data, again=again, task=task)
