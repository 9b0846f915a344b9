"""Forced errors and disturbances: any row of any catalog, or chaos, for whom, how often and how surely."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.core.chaos import Disturbance
from sandbox.core.model import Stage
from sandbox.core.values import frozen

if TYPE_CHECKING:  # the catalogs wait for the first error
    from sandbox.core.catalog import ErrorEntry

MATCHABLE = ("sender", "recipient", "subject", "client", "user")
_KNOWN: Mapping[Stage, frozenset[str]] = {
    Stage.CONNECT: frozenset({"client"}),
    Stage.EHLO: frozenset({"client"}),
    Stage.STARTTLS: frozenset({"client"}),
    Stage.OTHER: frozenset({"client"}),
    Stage.AUTH: frozenset({"client", "user"}),
    Stage.MAIL: frozenset({"client", "user", "sender"}),
    Stage.RCPT: frozenset({"client", "user", "sender", "recipient"}),
    Stage.DATA: frozenset({"client", "user", "sender", "recipient"}),
    Stage.BODY: frozenset(MATCHABLE),
    Stage.REQUEST: frozenset(MATCHABLE),
    Stage.CONTROL: frozenset({"client", "user"}),
    Stage.HANDSHAKE: frozenset(),
}
"""What can be matched at each stage: what the client has said by then."""

MAGIC_DOMAIN = "fault.email-sandbox.test"
"""Mail to `<catalog id>@` this domain meets that error, for programs that can't be reconfigured."""
MAGIC_STAGES = frozenset({Stage.RCPT, Stage.DATA, Stage.BODY, Stage.REQUEST})
"""Where the recipients are known, so that a magic recipient can ask for an error."""


@frozen
class FaultContext:
    """What is known about the exchange at the moment of the check."""

    client: str = ""
    user: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""


@dataclass(kw_only=True)
class Fault:
    """An armed error, or an armed disturbance."""

    id: str
    effect: ErrorEntry | Disturbance
    stage: Stage
    match: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    """How often it fires before it is used up; None: always."""
    probability: float = 1.0
    after: int = 0
    """How many matching occasions pass before it may fire."""
    follows: str = ""
    """Id of a fault that has to be used up, or gone, before this one counts."""
    random: Random | None = None
    """Where its chances come from, when they are to be the same every time; None: from the account's."""
    fired: int = 0
    seen: int = 0

    @property
    def used_up(self) -> bool:
        """Whether it has fired as often as it was asked to."""
        return self.times is not None and self.fired >= self.times

    def matches(self, context: FaultContext) -> bool:
        """Whether every pattern (shell wildcards, case-insensitive) fits; a recipient pattern needs one that fits."""
        return all(_fits(pattern, _values(context, name)) for name, pattern in self.match.items())


def _values(context: FaultContext, name: str) -> tuple[str, ...]:
    return context.recipients if name == "recipient" else (getattr(context, name),)


def _fits(pattern: str, values: tuple[str, ...]) -> bool:
    expression = re.compile(translate(pattern.lower()))
    return any(expression.match(value.lower()) for value in values)


def make_fault(fault_id: str, effect: ErrorEntry | Disturbance, wish: Mapping[str, Any]) -> Fault:
    """An armed error or disturbance from the API's fields; `ValueError` says which is wrong and what it may be."""
    match = {name: str(value) for name, value in (wish.get("match") or {}).items() if value not in (None, "")}
    if unknown := set(match) - set(MATCHABLE):
        raise ValueError(f"match knows {', '.join(MATCHABLE)}; not {', '.join(sorted(unknown))}")
    _check_terms(wish)
    probability, seed = wish.get("probability"), wish.get("seed")
    return Fault(
        id=fault_id,
        effect=effect,
        stage=_stage(effect, match, wish.get("stage")),
        match=match,
        times=wish.get("times"),
        probability=1.0 if probability is None else float(probability),
        after=wish.get("after") or 0,
        follows=wish.get("follows") or "",
        random=None if seed is None else Random(seed),  # noqa: S311 - repeatable on purpose
    )


def _check_terms(wish: Mapping[str, Any]) -> None:
    """How often, how surely, after what."""
    times, after, probability = wish.get("times"), wish.get("after"), wish.get("probability")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ValueError("times is a whole number from 1, or null for always")
    if after is not None and (not isinstance(after, int) or isinstance(after, bool) or after < 0):
        raise ValueError("after is a whole number from 0")
    if not isinstance(wish.get("follows"), str | None):
        raise ValueError("follows is the id of a fault")  # noqa: TRY004 - the API turns this one into its answer
    if probability is not None and (not isinstance(probability, int | float) or not 0 <= probability <= 1):
        raise ValueError("probability is a number from 0 to 1")
    if not isinstance(wish.get("seed"), int | str | None):
        raise ValueError("seed is a text or a whole number")  # noqa: TRY004 - see above


def _stage(effect: ErrorEntry | Disturbance, match: Mapping[str, str], wished: str | None) -> Stage:
    """Where the error strikes: as wished, or the first stage at which everything matched is known."""
    allowed = [str(stage) for stage in effect.stages]
    if wished is not None:
        if wished.upper() not in allowed:
            raise ValueError(f"{effect.id} can be forced at {', '.join(allowed)}; not at {wished}")
        return Stage(wished.upper())
    for stage in effect.stages:
        if set(match) <= _KNOWN[stage]:
            return stage
    raise ValueError(f"{effect.id} strikes at {', '.join(allowed)}, where {', '.join(sorted(match))} is not known yet")


class Faults:
    """The armed errors of one account."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._armed: dict[str, Fault] = {}

    @property
    def armed(self) -> bool:
        """Whether there is anything to check; without, nobody needs to say what is known about the exchange."""
        return bool(self._armed)

    def add(self, fault: Fault) -> None:
        """Arm an error; it is checked after those armed before it."""
        self._armed[fault.id] = fault

    def all(self) -> list[Fault]:
        """Every armed error, also the used up ones, in the order in which they were armed."""
        return list(self._armed.values())

    def remove(self, fault_id: str) -> bool:
        """Disarm one; False when there is none with this id."""
        return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    def check(self, provider: str, stage: Stage, context: FaultContext) -> ErrorEntry | None:
        """The error that strikes now, if any; counts the occasion."""
        for fault in self._at(stage):
            entry = fault.effect
            if not isinstance(entry, Disturbance) and entry.provider == provider and self._strikes(fault, context):
                return entry
        return None

    def disturb(self, stage: Stage, context: FaultContext) -> Disturbance | None:
        """The disturbance that strikes now, if any; counts the occasion. Errors are checked apart, after it."""
        for fault in self._at(stage):
            if isinstance(fault.effect, Disturbance) and self._strikes(fault, context):
                return fault.effect
        return None

    def _at(self, stage: Stage) -> list[Fault]:
        return [fault for fault in self._armed.values() if fault.stage is stage]

    def _strikes(self, fault: Fault, context: FaultContext) -> bool:
        if fault.used_up or self._waits(fault) or not fault.matches(context):
            return False
        fault.seen += 1
        if fault.seen <= fault.after or (fault.random or self._random).random() >= fault.probability:
            return False
        fault.fired += 1
        return True

    def _waits(self, fault: Fault) -> bool:
        before = self._armed.get(fault.follows)
        return before is not None and not before.used_up


def may_be_forced(faults: Faults, octets: bytes) -> bool:
    """Whether a call may meet an error at all: one is armed, or its text somewhere has the magic domain."""
    return faults.armed or MAGIC_DOMAIN.encode() in octets.lower()


def magic_error(address: str) -> str | None:
    """The catalog id that a magic recipient asks for, or None for an ordinary address."""
    local, _, domain = address.rpartition("@")
    return local or None if domain.lower() == MAGIC_DOMAIN else None
