"""What can be done to a connection on purpose, besides answering with an error: delay it, slow it down, cut it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.core.model import Stage

LONGEST = 3600.0
"""Seconds that a delay may last."""


class Action(StrEnum):
    """What happens to the connection."""

    DELAY = "delay"
    """The server waits before it does what was asked."""
    THROTTLE = "throttle"
    """From here on the connection carries few octets a second, in each direction."""
    DROP_BEFORE = "drop-before"
    """The connection is cut; what was asked is not done."""
    DROP_AFTER = "drop-after"
    """What was asked is done, then the connection is cut in place of an answer: who tries again does it twice."""
    TLS_HANDSHAKE = "tls-handshake"
    """The TLS handshake fails, of an SMTP connection or of one to the HTTPS port."""


_ANYWHERE = (
    Stage.BODY,
    Stage.DATA,
    Stage.RCPT,
    Stage.MAIL,
    Stage.AUTH,
    Stage.STARTTLS,
    Stage.EHLO,
    Stage.CONNECT,
    Stage.OTHER,
    Stage.REQUEST,
    Stage.CONTROL,
)
STAGES: Mapping[Action, Sequence[Stage]] = {
    Action.DELAY: _ANYWHERE,
    Action.THROTTLE: (Stage.DATA, *(stage for stage in _ANYWHERE if stage is not Stage.DATA)),
    Action.DROP_BEFORE: _ANYWHERE,
    Action.DROP_AFTER: _ANYWHERE,
    Action.TLS_HANDSHAKE: (Stage.STARTTLS, Stage.HANDSHAKE),
}
"""Where an action can strike; the first is meant when nothing is said."""


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """An action with its measure."""

    action: Action
    seconds: float = 0.0
    """How long a delay lasts, in real time."""
    bytes_per_second: int = 0
    """What a throttled connection carries."""

    @property
    def id(self) -> str:
        """What it is called where an error has the id of its row."""
        return str(self.action)

    @property
    def stages(self) -> Sequence[Stage]:
        """Where it can strike."""
        return STAGES[self.action]

    def __str__(self) -> str:
        measure = {
            Action.DELAY: f" of {self.seconds:g} seconds",
            Action.THROTTLE: f" to {self.bytes_per_second} octets a second",
        }
        return str(self.action) + measure.get(self.action, "")


def read_disturbance(wish: Mapping[str, Any]) -> Disturbance:
    """A disturbance from the API's fields; `ValueError` says which field is wrong and what it may be."""
    known = [str(action) for action in Action]
    if wish.get("action") not in known:
        raise ValueError(f"action is one of {', '.join(known)}")
    action = Action(wish["action"])
    seconds = _number(wish, "seconds", action is Action.DELAY, "a number of seconds above 0, at most 3600")
    rate = _number(wish, "bytes_per_second", action is Action.THROTTLE, "a number of octets a second, at least 1")
    if seconds > LONGEST:
        raise ValueError("seconds is a number of seconds above 0, at most 3600")
    if rate and rate < 1:
        raise ValueError("bytes_per_second is a number of octets a second, at least 1")
    return Disturbance(action=action, seconds=seconds, bytes_per_second=int(rate))


def _number(wish: Mapping[str, Any], name: str, needed: bool, meaning: str) -> float:
    """A positive number that an action needs; 0 for one that has no use for it."""
    value = wish.get(name)
    if value is None and not needed:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError(f"{name} is {meaning}")
    if not needed:
        raise ValueError(f"{wish['action']} has no {name}")
    return float(value)
