"""Rules that an account sets for the outcome of its mail: match on recipient, sender, subject and headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sandbox.core.attempts import Attempt, Decision, FollowUp, Verdict
from sandbox.core.clock import parse_duration

_OUTCOMES: Mapping[str, tuple[Verdict, str]] = {
    "delivered": (Verdict.DELIVERED, "250 2.1.5 Recipient ok"),
    "blackholed": (Verdict.BLACKHOLED, "accepted and dropped"),
    "hard_bounced": (Verdict.PERMANENT, "550 5.1.1 The email account does not exist"),
    "deferred": (Verdict.TEMPORARY, "451 4.3.0 Temporary failure, try again later"),
}
"""What a rule may ask for, and the reply when it gives none."""
_REPLY = re.compile(r"[245]\d\d( [245]\.\d{1,3}\.\d{1,3})?( [^\r\n]*)?")


@dataclass(frozen=True, kw_only=True)
class OutcomeRule:
    """An account's wish: mail that matches comes to this."""

    id: str = ""
    recipient: str = "*"
    sender: str = "*"
    subject: str = "*"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header name → pattern of its value."""
    decision: Decision
    attempts: int | None = None
    """For how many attempts the rule holds; afterwards the next that matches decides. None: always."""

    def matches(self, attempt: Attempt) -> bool:
        """Whether every pattern (shell wildcards, case-insensitive) fits."""
        if self.attempts is not None and attempt.number > self.attempts:
            return False
        pairs = [(self.recipient, attempt.recipient), (self.sender, attempt.sender), (self.subject, attempt.subject)]
        pairs += [(pattern, attempt.headers.get(name.lower(), "")) for name, pattern in self.headers.items()]
        return all(fnmatchcase(value.lower(), pattern.lower()) for pattern, value in pairs)


_RULE_FIELDS = {
    "id", "recipient", "sender", "subject", "headers", "outcome", "reply", "delay", "attempts", "then", "after",
}  # fmt: skip


def make_rule(wish: Mapping[str, object], rule_id: str = "") -> OutcomeRule:
    """A rule from its fields in settings, API or test; `ValueError` says which is wrong and what it may be."""
    if unknown := set(wish) - _RULE_FIELDS:
        raise ValueError(f"a rule has {', '.join(sorted(_RULE_FIELDS))}; not {', '.join(sorted(unknown))}")
    headers, attempts = wish.get("headers") or {}, wish.get("attempts")
    if not isinstance(headers, Mapping):
        raise ValueError("headers is a table of header name to pattern")  # noqa: TRY004 - one kind for any wrong field
    if attempts is not None and (not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1):
        raise ValueError("attempts is a whole number from 1, or absent for always")
    return OutcomeRule(
        id=rule_id or str(wish.get("id") or ""),
        recipient=str(wish.get("recipient") or "*"),
        sender=str(wish.get("sender") or "*"),
        subject=str(wish.get("subject") or "*"),
        headers={str(name): str(pattern) for name, pattern in headers.items()},
        decision=_decision(wish, rule_id),
        attempts=attempts,
    )


def _decision(wish: Mapping[str, object], rule_id: str) -> Decision:
    reply = str(wish.get("reply") or "")
    if reply and not _REPLY.fullmatch(reply):
        raise ValueError(f"reply {reply!r} is no SMTP reply; write for example 550 5.1.1 no such user")
    outcome = str(wish.get("outcome") or _outcome_of(reply))
    if outcome not in _OUTCOMES:
        raise ValueError(f"outcome is {', '.join(_OUTCOMES)}; not {outcome!r}")
    verdict, usual = _OUTCOMES[outcome]
    then = wish.get("then")
    if then is not None and then not in list(FollowUp):
        raise ValueError(f"then is {', '.join(FollowUp)}; not {then!r}")
    return Decision(
        verdict=verdict,
        reply=reply or usual,
        mta="mx.rule.invalid" if verdict is not Verdict.BLACKHOLED else "",
        why=f"rule {rule_id}" if rule_id else "a rule",
        delay=_seconds(wish.get("delay")),
        follow_up=None if then is None else FollowUp(str(then)),
        follow_up_after=_seconds(wish.get("after")) or 0.0,
    )


def _outcome_of(reply: str) -> str:
    return {"2": "delivered", "4": "deferred", "5": "hard_bounced"}.get(reply[:1], "delivered")


def _seconds(value: object) -> float | None:
    return None if value in (None, "") else parse_duration(str(value)).total_seconds()
