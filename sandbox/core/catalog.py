"""The error catalog: a provider's table of errors, from which replies, forced faults and documentation are made."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Channel, Stage

Wording = Literal["documented", "observed"]
Evidence = Literal["documented", "observed", "inferred"]

PROMISED: Mapping[Stage, frozenset[str]] = {
    Stage.CONNECT: frozenset({"client", "ip", "host"}),
    Stage.EHLO: frozenset({"client", "ip", "host", "helo"}),
    Stage.STARTTLS: frozenset({"client", "ip", "host", "helo"}),
    Stage.AUTH: frozenset({"client", "ip", "host", "helo", "mechanism"}),
    Stage.MAIL: frozenset({"client", "ip", "host", "helo", "user", "address", "limit"}),
    Stage.RCPT: frozenset(
        {"client", "ip", "host", "helo", "user", "address", "recipient", "sender", "sender_id", "limit"}
    ),
    Stage.DATA: frozenset({"client", "ip", "host", "helo", "user", "sender", "limit"}),
    Stage.BODY: frozenset(
        {"client", "ip", "host", "helo", "user", "sender", "address", "limit", "resource", "parameter", "region"}
    ),
    Stage.OTHER: frozenset({"client", "ip", "host", "helo", "verb"}),
    Stage.REQUEST: frozenset(
        {"client", "user", "address", "limit", "header", "sender", "parameter", "resource", "region"}
    ),
    Stage.CONTROL: frozenset({"client", "user", "parameter", "resource", "limit", "address", "region"}),
}
"""The placeholders that each stage can always fill, so that a row can be forced there."""


class CatalogError(Exception):
    """A catalog file that contradicts itself; names the row."""


@dataclass(frozen=True, kw_only=True)
class ErrorEntry:
    """One row of a provider's catalog: an error as the provider's client would see it."""

    id: str
    """`PROVIDER.CHANNEL.STATUS.SLUG`."""
    provider: str
    channel: Channel
    status: int
    code: str
    """The enhanced status code (SMTP) or the service's error code (HTTPS); empty when the provider sends none."""
    text: str
    """Template with `{placeholders}`; without the status, with the enhanced code where the service sends one."""
    observed: str
    """The form seen from the real service where it differs from the documented one; else empty."""
    stages: tuple[Stage, ...]
    on: tuple[Condition, ...]
    stock: tuple[str, ...]
    """Replies of aiosmtpd itself that this row replaces."""
    closes: bool
    """Whether the service closes the connection after it."""
    title: str
    """The provider's designation, where it has one besides the text."""
    description: str
    source: str
    evidence: Evidence
    trigger: str
    remedy: str
    """What would have made the request pass."""
    dialect: str
    """The one dialect of the provider's SMTP that it belongs to; empty: whichever is spoken."""
    unprovoked: str
    """Why no real behaviour brings it about, for rows that can only be forced; else empty."""

    def template(self, wording: Wording) -> str:
        """The text in the wording asked for."""
        return self.observed if wording == "observed" and self.observed else self.text

    def fill(self, params: Mapping[str, object], wording: Wording = "documented") -> str:
        """The text with its placeholders filled; what is missing stays readable as `<name>`."""
        known = {name: params.get(name, f"<{name}>") for name in placeholders(self.template(wording))}
        return self.template(wording).format(**known)


def placeholders(template: str) -> set[str]:
    """The names between braces in a text template."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


class Catalog:
    """All rows of one provider, found by id or by the condition that they word."""

    def __init__(self, provider: str, entries: Iterable[ErrorEntry], dialect: str = "") -> None:
        """`dialect` is the one that refusals are worded in, where the provider has several; else the first there is."""
        self.provider = provider
        self.dialect = dialect
        self._entries: dict[str, ErrorEntry] = {}
        self._on: dict[tuple[Channel, Condition], list[ErrorEntry]] = {}
        for entry in entries:
            self._add(entry)

    def _add(self, entry: ErrorEntry) -> None:
        if entry.id in self._entries:
            raise CatalogError(f"{entry.id}: this id stands twice")
        self._entries[entry.id] = entry
        for condition in entry.on:
            rows = self._on.setdefault((entry.channel, condition), [])
            rival = next((row for row in rows if set(row.stages) & set(entry.stages) and _meet(row, entry)), None)
            if rival:
                raise CatalogError(f"{entry.id}: {condition} is worded by {rival.id} at the same stage")
            rows.append(entry)

    def __iter__(self) -> Iterator[ErrorEntry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, entry_id: str) -> ErrorEntry:
        """The row with this id, with or without the provider's name in front; `KeyError` without one."""
        return self._entries.get(entry_id) or self._entries[f"{self.provider}.{entry_id}"]

    def speaking(self, dialect: str) -> Catalog:
        """The same rows, with refusals worded in a dialect."""
        return Catalog(self.provider, self, dialect)

    def _spoken(self, row: ErrorEntry) -> bool:
        return not (self.dialect and row.dialect) or row.dialect == self.dialect

    def find(self, refusal: Refusal, channel: Channel, stage: Stage) -> ErrorEntry:
        """The row that words `refusal` at `stage`; `KeyError` when the provider has no word for it."""
        if not isinstance(refusal.reason, Condition):
            return self.get(refusal.reason)
        rows = [row for row in self._on.get((channel, refusal.reason), []) if self._spoken(row)]
        if not rows:
            raise KeyError(f"{self.provider} has no {channel} row for {refusal.reason}")
        return next((row for row in rows if stage in row.stages), rows[0])


def _meet(one: ErrorEntry, other: ErrorEntry) -> bool:
    """Whether two rows may be spoken by the same server."""
    return not (one.dialect and other.dialect) or one.dialect == other.dialect


def read(provider: str, package: str, files: Sequence[str]) -> Catalog:
    """The catalog of a provider from files of its package; raises what `load` raises."""
    folder = resources.files(package)
    return load(provider, "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in files))


def load(provider: str, text: str) -> Catalog:
    """Read a provider's `errors.toml`; `CatalogError` names the row that is wrong and why."""
    rows = tomllib.loads(text).get("error", [])
    if not rows:
        raise CatalogError(f"{provider}: the catalog has no [[error]] rows")
    return Catalog(provider, (_entry(provider, row) for row in rows))


_FIELDS = {
    "id", "status", "code", "text", "observed", "stages", "on", "stock", "closes", "title", "description", "source",
    "evidence", "trigger", "remedy", "unprovoked", "dialect",
}  # fmt: skip


def _entry(provider: str, row: Mapping[str, Any]) -> ErrorEntry:
    name = row.get("id", "(row without id)")
    if unknown := set(row) - _FIELDS:
        raise CatalogError(f"{name}: unknown fields {sorted(unknown)}")
    for required in ("id", "status", "text", "stages", "source", "evidence", "trigger"):
        if required not in row:
            raise CatalogError(f"{name}: {required} is missing")
    try:
        entry = ErrorEntry(
            id=f"{provider}.{row['id']}",
            provider=provider,
            channel=_channel(row["id"].partition(".")[0]),
            status=row["status"],
            code=row.get("code", ""),
            text=row["text"],
            observed=row.get("observed", ""),
            stages=tuple(Stage(stage) for stage in row["stages"]),
            on=tuple(Condition(condition) for condition in row.get("on", ())),
            stock=tuple(row.get("stock", ())),
            closes=row.get("closes", False),
            title=row.get("title", ""),
            description=row.get("description", ""),
            source=row["source"],
            evidence=row["evidence"],
            trigger=row["trigger"],
            remedy=row.get("remedy", ""),
            unprovoked=row.get("unprovoked", ""),
            dialect=row.get("dialect", ""),
        )
    except ValueError as error:
        raise CatalogError(f"{name}: {error}") from error
    _check(entry)
    return entry


def _channel(name: str) -> Channel:
    """Where a row's id begins, its channel; services whose API has no other name for it say `api`."""
    return Channel.HTTPS if name == "api" else Channel(name)


def _check(entry: ErrorEntry) -> None:
    if entry.evidence not in ("documented", "observed", "inferred"):
        raise CatalogError(f"{entry.id}: evidence {entry.evidence!r} is none of documented, observed, inferred")
    if not entry.stages:
        raise CatalogError(f"{entry.id}: no stage at which it can be forced")
    for template in (entry.text, entry.observed):
        for stage in entry.stages:
            if broken := placeholders(template) - PROMISED[stage]:
                raise CatalogError(f"{entry.id}: {stage} does not promise {sorted(broken)}")
