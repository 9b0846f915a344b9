"""The delivery queue: recipients with a due time, in the same table that shows their outcome."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sandbox.core.model import Outcome, Resource
from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.reports import record_report
from sandbox.core.store.resources import insert_if_absent
from sandbox.core.store.tallies import change_tallies, of_outcome
from sandbox.core.store.transaction import AT_ONCE
from sandbox.core.values import frozen

if TYPE_CHECKING:  # what makes reports waits for the first one
    from sandbox.core.reports.assembly import Report

ATTEMPT = "attempt"
"""The task of a recipient that waits for delivery; every other task is a `FollowUp` of a delivered one."""


@frozen
class Due:
    """A recipient for whom delivery has something to do."""

    seq: int
    message: str
    provider: str
    position: int
    address: str
    due: float
    task: str
    attempts: int
    """Attempts made so far."""
    last: float | None
    """Moment of the last one."""
    outcome: Outcome
    accepted: float
    sender: str
    """The envelope's reverse-path."""
    user: str
    subject: str


@frozen
class Attempted:
    """What was done for a recipient, and what follows from it."""

    due: Due
    outcome: Outcome
    detail: str
    event: str
    """Type of the event, after `recipient.`."""
    at: float
    data: Mapping[str, Any] = field(default_factory=dict)
    again: float | None = None
    """When there is something to do again, for a deferral or a follow-up."""
    task: str = ATTEMPT
    suppression: Resource | None = None
    """What to put on the suppression list; for a soft bounce only once `soft_limit` of them came in a row."""
    soft_limit: int | None = None


@frozen
class Reported:
    """A report that belongs to the outcomes of the same transaction."""

    id: str
    message: str
    about: Sequence[str]
    report: Report
    at: float


@frozen
class Batch:
    """What an account's delivery has to do at one moment."""

    due: Sequence[Due]
    """The earliest first."""
    later: float | None
    """The moment of what is due next, of all that is not in `due`."""


@frozen
class _Done:
    """What `QueueRows.record` is given."""

    account: str
    attempts: Sequence[Attempted]
    reports: Sequence[Reported]

    @property
    def quick(self) -> bool:
        """Whether it is but a few statements."""
        return (
            len(self.attempts) <= AT_ONCE
            and not self.reports
            and all(attempt.suppression is None for attempt in self.attempts)
        )


class QueueRows:
    """Reads what is due and records what became of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_due(self) -> dict[str, float]:
        """The earliest due moment of each account that has one."""
        return await self._database.read(_next_due)

    async def due(self, account: str, now: float, limit: int) -> list[Due]:
        """At most `limit` recipients of the account that are due at `now`, the earliest first."""
        return await self._database.read(lambda c: _due(c, _DUE, (account, now, limit)))

    async def batches(self, present: Mapping[str, float], limit: int) -> dict[str, Batch]:
        """For each account with anything to do, at most `limit` recipients that are due at its present moment."""
        return await self._database.glance(lambda c: _batches(c, present, limit))

    async def recipient(self, account: str, message: str, address: str) -> Due | None:
        """One recipient of a message, whether something is due for it or not; the address in any case."""
        sql = f"{_ONE} WHERE m.account = ? AND m.id = ? AND lower(r.address) = lower(?) LIMIT 1"
        found = await self._database.read(lambda c: _due(c, sql, (account, message, address)))
        return found[0] if found else None

    async def waiting(self, provider: str) -> list[tuple[str, str]]:
        """(account, message) of a provider's messages with recipients that it has to deal with itself, oldest first."""
        sql = (
            "SELECT DISTINCT m.account, m.id, m.seq FROM recipients r CROSS JOIN messages m ON m.seq = r.message"
            " WHERE r.outcome = 'queued' AND r.due IS NULL AND m.provider = ? ORDER BY m.seq"
        )
        rows = await self._database.read(lambda c: c.execute(sql, (provider,)).fetchall())
        return [(row[0], row[1]) for row in rows]

    async def record(
        self, account: str, attempts: Sequence[Attempted], reports: Sequence[Reported] = (), *, patient: bool = False
    ) -> list[Resource]:
        """Make outcomes, their events, reports and suppressions durable together.

        A message deleted meanwhile is left out. Returns the suppressions that were really added. `patient`: a moment
        later will do, with the commit of somebody else.
        """
        done = _Done(account=account, attempts=attempts, reports=reports)
        return await self._database.write_together(
            _record_all, done, quick=done.quick, patient=patient, background=True
        )


_COLUMNS = (
    "SELECT r.message, m.id, m.provider, r.position, r.address, r.due, r.task, r.attempts, r.last, r.outcome,"
    " m.accepted, m.mail_from, m.user, m.subject"
)
_SELECT = f"{_COLUMNS} FROM recipients r CROSS JOIN messages m ON m.seq = r.message"
_ONE = f"{_COLUMNS} FROM messages m CROSS JOIN recipients r ON r.message = m.seq"
_DUE = f"{_SELECT} WHERE r.account = ? AND r.due <= ? ORDER BY r.due, r.message, r.position LIMIT ?"
_LATER = "SELECT min(due) FROM recipients WHERE account = ? AND due > ?"
_FIRST = (  # from one account to the next: what each of them has to do besides may be much
    "WITH RECURSIVE found (account) AS (SELECT min(account) FROM recipients WHERE due IS NOT NULL UNION ALL"
    " SELECT (SELECT min(account) FROM recipients r WHERE r.due IS NOT NULL AND r.account > found.account) FROM found"
    " WHERE found.account IS NOT NULL)"
    " SELECT account, (SELECT min(due) FROM recipients r WHERE r.due IS NOT NULL AND r.account = found.account)"
    " FROM found WHERE account IS NOT NULL"
)


def _next_due(connection: sqlite3.Connection) -> dict[str, float]:
    return dict(connection.execute(_FIRST).fetchall())


def _batches(connection: sqlite3.Connection, present: Mapping[str, float], limit: int) -> dict[str, Batch]:
    first = _next_due(connection)
    return {account: _batch(connection, account, now, limit) for account, now in present.items() if account in first}


def _batch(connection: sqlite3.Connection, account: str, now: float, limit: int) -> Batch:
    due = _due(connection, _DUE, (account, now, limit))
    if len(due) == limit:
        return Batch(due=due, later=due[-1].due)
    (later,) = connection.execute(_LATER, (account, now)).fetchone()
    return Batch(due=due, later=later)


def _due(connection: sqlite3.Connection, sql: str, params: tuple[Any, ...]) -> list[Due]:
    return [
        Due(
            seq=row[0], message=row[1], provider=row[2], position=row[3], address=row[4], due=row[5] or 0.0,
            task=row[6], attempts=row[7], last=row[8], outcome=Outcome(row[9]), accepted=row[10], sender=row[11],
            user=row[12], subject=row[13],
        )
        for row in connection.execute(sql, params).fetchall()
    ]  # fmt: skip


def _record_all(transaction: Transaction, together: Sequence[_Done]) -> list[list[Resource]]:
    return [_record(transaction, done.account, done.attempts, done.reports) for done in together]


def _record(
    transaction: Transaction, account: str, attempts: Sequence[Attempted], reports: Sequence[Reported]
) -> list[Resource]:
    done = _update(transaction, account, attempts)
    transaction.events_together([_event(account, attempt) for attempt in done])
    kept = {attempt.due.message for attempt in done}
    counting = _counting(transaction, account, done)
    suppressed = [attempt.suppression for attempt in done if _suppress(transaction, account, attempt, counting)]
    for one in reports:
        if one.message in kept:
            record_report(
                transaction,
                account=account,
                message=one.message,
                report_id=one.id,
                report=one.report,
                about=one.about,
                at=one.at,
            )
    return [one for one in suppressed if one is not None]


def _update(transaction: Transaction, account: str, attempts: Sequence[Attempted]) -> list[Attempted]:
    """Write down what became of recipients, many with one statement; returns those whose message still exists."""
    done: list[Attempted] = []
    more: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(attempts), AT_ONCE):
        part = attempts[start : start + AT_ONCE]
        places = [(attempt.due.seq, attempt.due.position) for attempt in part]
        rows = transaction.execute(_outcomes_statement(len(part)), [value for place in places for value in place])
        before = {(seq, position): Outcome(outcome) for seq, position, outcome in rows.fetchall()}
        transaction.execute(_update_statement(len(part)), [value for attempt in part for value in _row(attempt)])
        for attempt, place in zip(part, places, strict=True):
            if place in before:
                done.append(attempt)
                more[account, of_outcome(before[place])] -= 1
                more[account, of_outcome(attempt.outcome)] += 1
    change_tallies(transaction, more)
    return done


@lru_cache(maxsize=AT_ONCE)
def _outcomes_statement(rows: int) -> str:
    return (
        f"WITH done (seq, place) AS (VALUES {','.join(['(?, ?)'] * rows)})"  # noqa: S608
        " SELECT message, position, outcome FROM done"
        " CROSS JOIN recipients ON message = done.seq AND position = done.place"
    )


@lru_cache(maxsize=AT_ONCE)
def _update_statement(rows: int) -> str:
    return (
        f"WITH done (seq, place, outcome, detail, due, task, tried, last) AS (VALUES {','.join([_ROW] * rows)})"  # noqa: S608
        " UPDATE recipients SET outcome = done.outcome, detail = done.detail, due = done.due, task = done.task,"
        " attempts = attempts + done.tried, last = coalesce(done.last, recipients.last)"
        " FROM done WHERE message = done.seq AND position = done.place"
    )


_ROW = "(?, ?, ?, ?, ?, ?, ?, ?)"


def _row(attempt: Attempted) -> tuple[Any, ...]:
    due = attempt.due
    tried = due.task == ATTEMPT and attempt.event != "suppressed"
    return (
        due.seq, due.position, attempt.outcome, attempt.detail, attempt.again, attempt.task, int(tried),
        attempt.at if tried else None,
    )  # fmt: skip


def _event(account: str, attempt: Attempted) -> dict[str, Any]:
    due = attempt.due
    return {
        "account": account,
        "at": attempt.at,
        "type": f"recipient.{attempt.event}",
        "message": due.message,
        "recipient": due.address,
        "data": {"provider": due.provider, "detail": attempt.detail, **attempt.data},
    }


def _counting(transaction: Transaction, account: str, attempts: Sequence[Attempted]) -> bool:
    """Whether soft bounces of the account are being counted, so that a delivery ends a series of them."""
    if any(attempt.soft_limit is not None for attempt in attempts):
        return True
    found = transaction.execute("SELECT 1 FROM soft_bounces WHERE account = ? LIMIT 1", (account,)).fetchone()
    return found is not None


def _suppress(transaction: Transaction, account: str, attempt: Attempted, counting: bool) -> bool:
    """Put the recipient on the suppression list when the outcome asks for it; True when it was not there yet."""
    due = attempt.due
    if counting and attempt.outcome is Outcome.DELIVERED:
        transaction.execute(
            "DELETE FROM soft_bounces WHERE account = ? AND provider = ? AND address = ?", _soft(account, due)
        )
    if attempt.suppression is None:
        return False
    if attempt.soft_limit is not None:
        (count,) = transaction.execute(
            "INSERT INTO soft_bounces (account, provider, address, count) VALUES (?, ?, ?, 1)"
            " ON CONFLICT (account, provider, address) DO UPDATE SET count = count + 1 RETURNING count",
            _soft(account, due),
        ).fetchone()
        if count < attempt.soft_limit:
            return False
    if not insert_if_absent(transaction, attempt.suppression):
        return False
    transaction.event(
        account=account,
        at=attempt.at,
        type="suppression.added",
        message=due.message,
        recipient=due.address,
        data={"provider": due.provider, "reason": attempt.suppression.data.get("reason", "")},
    )
    return True


def _soft(account: str, due: Due) -> tuple[str, str, str]:
    return (account, due.provider, due.address.lower())
