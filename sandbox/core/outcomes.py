"""What becomes of a recipient when delivery tries: a pure decision, so that it can be read and tested as a table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sandbox.core.model import Outcome


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome of one attempt and the words that explain it."""

    outcome: Outcome
    detail: str


@dataclass(frozen=True, kw_only=True)
class OutcomeRules:
    """What the settings say about destinations."""

    blackhole_domains: Collection[str] = ()


def decide(address: str, rules: OutcomeRules) -> Decision:
    """The outcome of an attempt to deliver to `address`."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    if domain in rules.blackhole_domains:
        return Decision(outcome=Outcome.BLACKHOLED, detail=f"{domain} is a blackhole domain: accepted and dropped")
    return Decision(outcome=Outcome.DELIVERED, detail="250 2.1.5 Recipient ok")
