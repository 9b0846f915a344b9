"""Delivery status notifications, complaint reports and automatic replies, linked to the message they speak of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.core.store.database import Database, Transaction

if TYPE_CHECKING:  # what makes reports waits for the first one
    from sandbox.core.reports.assembly import Report


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """A report as listed, without its octets."""

    id: str
    message: str
    kind: str
    """`failed`, `delayed`, `complaint` or `auto_reply`."""
    sender: str
    recipient: str
    """The reverse-path it goes to."""
    about: Sequence[str]
    """The recipients it speaks of."""
    created: float


class ReportRows:
    """Reads reports; they are written together with the outcome that caused them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_message(self, account: str, message: str) -> list[ReportRow]:
        """The reports on one message, oldest first."""
        sql = f"{_SELECT} WHERE account = ? AND message = ? ORDER BY seq"
        rows = await self._database.read(lambda c: c.execute(sql, (account, message)).fetchall())
        return [_report(row) for row in rows]

    async def page(self, account: str, *, limit: int = 100) -> list[ReportRow]:
        """The newest reports of an account."""
        sql = f"{_SELECT} WHERE account = ? ORDER BY seq DESC LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(sql, (account, limit)).fetchall())
        return [_report(row) for row in rows]

    async def raw(self, account: str, report: str) -> bytes | None:
        """The octets of a report, or None."""
        sql = "SELECT octets FROM reports WHERE account = ? AND id = ?"
        row = await self._database.read(lambda c: c.execute(sql, (account, report)).fetchone())
        return None if row is None else bytes(row[0])


_SELECT = "SELECT id, message, kind, sender, recipient, about, created FROM reports"


def _report(row: tuple[str, str, str, str, str, str, float]) -> ReportRow:
    return ReportRow(
        id=row[0],
        message=row[1],
        kind=row[2],
        sender=row[3],
        recipient=row[4],
        about=json.loads(row[5]),
        created=row[6],
    )


def record_report(
    transaction: Transaction,
    *,
    account: str,
    message: str,
    report_id: str,
    report: Report,
    about: Sequence[str],
    at: float,
) -> None:
    """Store a report and tell the event log, as part of the transaction that records the outcome."""
    transaction.execute(
        "INSERT INTO reports (id, account, message, kind, sender, recipient, about, created, octets)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            report_id,
            account,
            message,
            report.kind,
            report.sender,
            report.recipient,
            json.dumps(list(about)),
            at,
            report.octets,
        ),
    )
    transaction.event(
        account=account,
        at=at,
        type="report.created",
        message=message,
        recipient=report.recipient,
        data={"report": report_id, "kind": report.kind, "about": list(about)},
    )
