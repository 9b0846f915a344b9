"""Transcripts of SMTP conversations and API calls, also the refused ones."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import field
from typing import Any

from sandbox.core.cancellation import finished
from sandbox.core.model import Channel
from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.messages import Clause
from sandbox.core.store.tallies import REFUSED, SESSIONS, tally
from sandbox.core.values import frozen

FEW_LINES = 100
"""Lines of a transcript that is stored so quickly that the event loop can do it."""


@frozen
class SessionRecord:
    """A finished conversation."""

    id: str
    account: str
    provider: str
    channel: Channel
    client: str
    user: str
    summary: str
    """One line: what the client wanted and how it ended."""
    started: float
    ended: float | None
    lines: Sequence[Mapping[str, Any]] = ()
    """`{"at": seconds, "side": "client"|"server"|"sandbox", "text": …}` in order, secrets masked."""
    refusals: Sequence[Mapping[str, Any]] = ()
    """`{"at", "error": catalog id, "stage", "text", "forced", "remedy"}` of each refusal."""
    messages: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


class SessionRows:
    """Reads and writes transcripts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, record: SessionRecord, *, patient: bool = False) -> None:
        """Keep a finished session and tell the event log: `session.closed`, and `attempt.refused` for each refusal.

        `patient` callers rather wait a moment than have a commit of their own.
        """
        if len(record.lines) <= FEW_LINES:
            await self._database.write_together(_add_all, (record, _row(record)), quick=True, patient=patient)
        else:
            await finished(self._add_long(record, patient=patient))

    async def _add_long(self, record: SessionRecord, *, patient: bool) -> None:
        """Put it into its form in a thread, and before others wait for the transaction: that takes milliseconds."""
        row = await asyncio.to_thread(_row, record)
        await self._database.write_together(_add_all, (record, row), quick=False, patient=patient)

    async def page(
        self,
        account: str,
        *,
        refused: bool | None = None,
        clause: Clause | None = None,
        before: tuple[float, str] | None = None,
        limit: int = 100,
    ) -> list[SessionRecord]:
        """At most `limit` sessions, newest first, after the place (start in Unix seconds, id) in that order."""
        where, params = _where(account, refused, clause)
        if before is not None:
            where.append("(started, id) < (?, ?)")
            params += before
        sql = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY started DESC, id DESC LIMIT ?"
        return await self._database.read(lambda c: _records(c, sql, (*params, limit)))

    async def count_matching(self, account: str, refused: bool | None, clause: Clause) -> int:
        """How many sessions fit a search."""
        where, params = _where(account, refused, clause)
        sql = f"SELECT count(*) FROM sessions WHERE {' AND '.join(where)}"  # noqa: S608 - conditions with `?`
        return int(await self._database.read(lambda c: c.execute(sql, params).fetchone()[0]))

    async def get(self, account: str, session: str) -> SessionRecord | None:
        """One session of the account, or None."""
        sql = f"{_SELECT} WHERE account = ? AND id = ?"
        found = await self._database.read(lambda c: _records(c, sql, (account, session)))
        return found[0] if found else None

    async def count(self, account: str) -> tuple[int, int]:
        """How many sessions the account has, and how many of them were refused something."""
        return await self._database.read(lambda c: (tally(c, account, SESSIONS), tally(c, account, REFUSED)))


_COLUMNS = (
    "id", "account", "provider", "channel", "client", "user", "summary", "started", "ended", "refused", "detail",
)  # fmt: skip
_SELECT = "SELECT id, account, provider, channel, client, user, summary, started, ended, detail FROM sessions"


def matching(records: Sequence[SessionRecord], clause: Clause) -> list[SessionRecord]:
    """Those that fit a search, of conversations that are not stored yet: asked in a table of the same form."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE sessions ({', '.join(_COLUMNS)})")
        Transaction(connection).insert("sessions", _COLUMNS, [_row(record) for record in records])
        fitting = connection.execute(f"SELECT id FROM sessions WHERE {clause.sql}", clause.params)  # noqa: S608
        names = {name for (name,) in fitting}
    return [record for record in records if record.id in names]


def _where(account: str, refused: bool | None, clause: Clause | None) -> tuple[list[str], list[Any]]:
    where, params = ["account = ?"], [account]
    if refused is not None:
        where.append("refused > 0" if refused else "refused = 0")
    if clause is not None:
        where.append(f"({clause.sql})")
        params += clause.params
    return where, params


def _row(record: SessionRecord) -> tuple[Any, ...]:
    detail = {
        "lines": list(record.lines),
        "refusals": list(record.refusals),
        "messages": list(record.messages),
        "extra": dict(record.extra),
    }
    return (
        record.id, record.account, record.provider, record.channel, record.client, record.user, record.summary,
        record.started, record.ended, len(record.refusals), json.dumps(detail),
    )  # fmt: skip


def _add_all(transaction: Transaction, ended: Sequence[tuple[SessionRecord, tuple[Any, ...]]]) -> list[None]:
    transaction.insert("sessions", _COLUMNS, [row for _, row in ended])
    transaction.events_together([event for record, _ in ended for event in _events(record)])
    return [None] * len(ended)


def _events(record: SessionRecord) -> Iterator[dict[str, Any]]:
    about = {"account": record.account, "at": record.started if record.ended is None else record.ended}
    common = {"session": record.id, "provider": record.provider}
    for refusal in record.refusals:
        yield {**about, "type": "attempt.refused", "data": {**common, "channel": record.channel, **refusal}}
    yield {**about, "type": "session.closed", "data": {**common, "summary": record.summary}}


def _records(connection: sqlite3.Connection, sql: str, params: tuple[Any, ...]) -> list[SessionRecord]:
    return [_record(row) for row in connection.execute(sql, params)]


def _record(row: tuple[Any, ...]) -> SessionRecord:
    detail = json.loads(row[9])
    return SessionRecord(
        id=row[0],
        account=row[1],
        provider=row[2],
        channel=Channel(row[3]),
        client=row[4],
        user=row[5],
        summary=row[6],
        started=row[7],
        ended=row[8],
        lines=detail["lines"],
        refusals=detail["refusals"],
        messages=detail["messages"],
        extra=detail["extra"],
    )
