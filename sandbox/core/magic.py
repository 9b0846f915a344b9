"""Recipients that choose their own outcome, for programs that can't be told to behave differently: a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.core.attempts import Attempt, Decision, FollowUp, Verdict

OUTCOME_DOMAIN = "outcome.email-sandbox.test"
"""Recipients at this domain choose their own outcome; `+label` after the name is ignored."""


@dataclass(frozen=True, kw_only=True)
class MagicAddress:
    """A recipient that means an outcome."""

    name: str
    replies: tuple[str, ...]
    """The replies of the first attempt, the second, …; the last one repeats."""
    about: str
    delay: float | None = None
    follow_up: FollowUp | None = None
    follow_up_after: float = 60.0


_OK = "250 2.1.5 Recipient ok"
MAGIC: Mapping[str, MagicAddress] = {
    row.name: row
    for row in (
        MagicAddress(name="ok", replies=(_OK,), about="delivered"),
        MagicAddress(name="unknown-user", replies=("550 5.1.1 The email account does not exist",), about="hard bounce"),
        MagicAddress(name="spam", replies=("554 5.7.1 Message refused as spam",), about="refused for its content"),
        MagicAddress(
            name="full",
            replies=("452 4.2.2 Mailbox full",),
            about="a full mailbox that stays full: deferred, in the end a soft bounce",
        ),
        MagicAddress(
            name="full-then-ok",
            replies=(*("452 4.2.2 Mailbox full",) * 3, _OK),
            about="a full mailbox, fine after three tries",
        ),
        MagicAddress(
            name="greylisted",
            replies=("451 4.7.1 Greylisted, try again in 5 minutes", _OK),
            delay=300.0,
            about="refused once, delivered five minutes later",
        ),
        MagicAddress(
            name="slow",
            replies=("421 4.4.2 Connection timed out", _OK),
            delay=3600.0,
            about="delivered an hour late",
        ),
        MagicAddress(
            name="complaint",
            replies=(_OK,),
            follow_up=FollowUp.COMPLAINT,
            about="delivered; a minute later reported as spam",
        ),
        MagicAddress(
            name="bounce-later",
            replies=(_OK,),
            follow_up=FollowUp.BOUNCE,
            about="accepted by the remote side, which bounces it a minute later",
        ),
        MagicAddress(
            name="unsubscribe",
            replies=(_OK,),
            follow_up=FollowUp.UNSUBSCRIBE,
            about="delivered; a minute later unsubscribed with one click",
        ),
    )
}
_ANY_REPLY = re.compile(r"reply-([245]\d\d)(?:-([245]\.\d{1,3}\.\d{1,3}))?(?:-(.+))?", re.IGNORECASE)


def magic_decision(attempt: Attempt) -> Decision | None:
    """What a recipient at the outcome domain asks for; None for any other recipient."""
    if attempt.domain != OUTCOME_DOMAIN:
        return None
    name = attempt.recipient.rpartition("@")[0].partition("+")[0].lower()
    why = f"magic address {name}"
    if match := _ANY_REPLY.fullmatch(name):
        words = (match[3] or "as asked for").replace("-", " ")
        return _remote(" ".join(part for part in (match[1], match[2], words) if part), why)
    row = MAGIC.get(name)
    if row is None:
        return _remote(f"550 5.1.1 No such magic address, known are: {', '.join(MAGIC)}", why)
    return _remote(row.replies[min(attempt.number, len(row.replies)) - 1], why, row)


def _remote(reply: str, why: str, row: MagicAddress | None = None) -> Decision:
    kinds = {"2": Verdict.DELIVERED, "4": Verdict.TEMPORARY, "5": Verdict.PERMANENT}
    return Decision(
        verdict=kinds[reply[0]],
        reply=reply,
        mta=f"mx.{OUTCOME_DOMAIN}",
        why=why,
        delay=row.delay if row else None,
        follow_up=row.follow_up if row else None,
        follow_up_after=row.follow_up_after if row else 0.0,
    )
