"""What a sandbox answers with besides messages, as objects: sessions, refusals, catalog entries, faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An attempt that the service refused, and why."""

    error: str
    """Id of the catalog entry."""
    stage: str
    status: int
    text: str
    forced: bool
    remedy: str
    session: str

    def __str__(self) -> str:
        how = "forced, " if self.forced else ""
        status = "" if self.text.startswith(str(self.status)) else f"{self.status} "
        return f"{status}{self.text} ({how}{self.error} at {self.stage})"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One SMTP conversation or API call."""

    id: str
    provider: str
    channel: str
    client: str
    user: str
    summary: str
    lines: Sequence[Mapping[str, Any]] = ()
    """`{"at", "side", "text"}` in order; empty in lists."""
    refusals: Sequence[Refused] = ()
    messages: Sequence[str] = ()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Session:
        """From the inspection API's form."""
        return cls(
            **{name: str(data.get(name) or "") for name in ("id", "provider", "channel", "client", "user", "summary")},
            lines=tuple(data.get("lines") or ()),
            refusals=tuple(_refused(item, str(data["id"])) for item in data.get("refusals") or ()),
            messages=tuple(data.get("messages") or ()),
        )

    @property
    def transcript(self) -> str:
        """What was said, one line each: `C:` the client, `S:` the server, `#` the sandbox."""
        marks = {"client": "C:", "server": "S:"}
        return "\n".join(f"{marks.get(line['side'], '#')} {line['text']}" for line in self.lines)


def _refused(item: Mapping[str, Any], session: str) -> Refused:
    return Refused(
        error=str(item["error"]),
        stage=str(item.get("stage", "")),
        status=int(item.get("status", 0)),
        text=str(item.get("text", "")),
        forced=bool(item.get("forced", False)),
        remedy=str(item.get("remedy") or ""),
        session=session,
    )


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """One error that a provider can answer with."""

    id: str
    provider: str
    channel: str
    status: int
    code: str
    text: str
    """Template with `{placeholders}`."""
    stages: Sequence[str]
    """Where it can be forced."""
    title: str = ""
    description: str = ""
    source: str = ""
    evidence: str = ""
    trigger: str = ""
    """What brings it about by real behaviour."""
    remedy: str = ""
    unprovoked: str = ""
    data: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> CatalogEntry:
        """From the inspection API's form."""
        texts = ("code", "title", "description", "source", "evidence", "trigger", "remedy", "unprovoked")
        return cls(
            id=str(data["id"]),
            provider=str(data["provider"]),
            channel=str(data["channel"]),
            status=int(data["status"]),
            text=str(data["text"]),
            stages=tuple(data["stages"]),
            data=data,
            **{name: str(data.get(name) or "") for name in texts},
        )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An armed error."""

    id: str
    error: str
    stage: str
    match: Mapping[str, str]
    times: int | None
    probability: float
    after: int
    fired: int
    follows: str = ""
    """Id of the fault that has to be used up before."""

    def __str__(self) -> str:
        wanted = ", ".join(f"{name}={value!r}" for name, value in self.match.items())
        return f"{self.error} at {self.stage}" + (f" for {wanted}" if wanted else "")

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Fault:
        """From the inspection API's form."""
        return cls(
            id=str(data["id"]),
            error=str(data["error"]),
            stage=str(data.get("stage") or ""),
            match=dict(data.get("match") or {}),
            times=data.get("times"),
            probability=float(data.get("probability", 1)),
            after=int(data.get("after") or 0),
            fired=int(data.get("fired") or 0),
            follows=str(data.get("follows") or ""),
        )


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What a simulated event did."""

    message: str
    recipient: str
    event: str
    """Type of the event in the log: `recipient.complained`."""
    outcome: str
    detail: str
    suppressed: bool
    """Whether the address is on the suppression list because of it."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Simulated:
        """From the inspection API's form."""
        texts = {name: str(data.get(name) or "") for name in ("message", "recipient", "event", "outcome", "detail")}
        return cls(**texts, suppressed=bool(data.get("suppressed")))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """An outcome rule: which mail, and what becomes of it."""

    id: str
    recipient: str
    sender: str
    subject: str
    headers: Mapping[str, str]
    attempts: int | None
    """How many attempts it decides; None: all."""
    outcome: str
    reply: str
    delay: float | None
    """Seconds until the next attempt, for a deferral."""
    then: str
    """What follows a delivery: `complaint`, `open`, …"""
    after: float
    """Seconds until it follows."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Rule:
        """From the inspection API's form."""
        names = ("id", "recipient", "sender", "subject", "outcome", "reply", "then")
        return cls(
            **{name: str(data.get(name) or "") for name in names},
            headers=dict(data.get("headers") or {}),
            attempts=data.get("attempts"),
            delay=data.get("delay"),
            after=float(data.get("after") or 0),
        )
