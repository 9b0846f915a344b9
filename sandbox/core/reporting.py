"""Tells senders what became of their mail: one notification for all recipients of a message that failed together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sandbox.core.accounts import Account
from sandbox.core.consequences import Consequence
from sandbox.core.model import MessageRecord
from sandbox.core.policy import Rules
from sandbox.core.retries import RetrySchedule
from sandbox.core.store import Store
from sandbox.core.store.queue import Reported

if TYPE_CHECKING:
    from sandbox.core.reports.assembly import Report


class Reporter:
    """Makes the reports that the outcomes of one moment ask for."""

    def __init__(self, store: Store, rules: Mapping[str, Rules], schedule: RetrySchedule) -> None:
        self._store = store
        self._rules = rules
        self._schedule = schedule

    async def reports(self, account: Account, done: Sequence[Consequence], now: float) -> list[Reported]:
        """The reports on what was done, ready to be stored with it."""
        groups: dict[tuple[str, str], list[Consequence]] = {}
        for consequence in done:
            if consequence.report:
                key = (consequence.record.due.message, consequence.report)
                groups.setdefault(key, []).append(consequence)
        made: list[Reported] = []
        for (message, kind), group in groups.items():
            made += await self._of_message(account, message, kind, group, now)
        return made

    async def _of_message(
        self, account: Account, message: str, kind: str, group: Sequence[Consequence], now: float
    ) -> list[Reported]:
        record = await self._store.messages.get(account.id, message)
        raw = await self._store.messages.raw(account.id, message)
        if record is None or raw is None:  # deleted meanwhile
            return []
        if kind == "auto_reply":  # mail like any other, also to a sender who hears of failures in other ways only
            parts = [([one], self._auto_reply(account, record, raw, one, now)) for one in group]
        elif record.attributes.get("unreported"):  # its sender wants to hear of it in other ways only
            return []
        elif kind == "complaint":
            parts = [([one], self._complaint(account, record, raw, one, now)) for one in group]
        else:
            parts = [(list(group), self._notification(account, record, raw, group, now))]
        return [
            Reported(
                id=account.ids.sortable(now),
                message=message,
                about=[one.record.due.address for one in about],
                report=report,
                at=now,
            )
            for about, report in parts
            if report is not None
        ]

    def _notification(
        self, account: Account, record: MessageRecord, raw: bytes, group: Sequence[Consequence], now: float
    ) -> Report | None:
        from sandbox.core.reports import dsn  # noqa: PLC0415 - waits for the first report of its kind

        lifetime = record.accepted + self._schedule.lifetime
        failures = [
            dsn.Failure(
                recipient=one.record.due.address,
                reply=one.record.detail,
                mta=one.source,
                at=now,
                retry_until=lifetime if one.report == "delayed" else None,
                original=record.envelope.rcpt_params.get(one.record.due.address, {}).get("ORCPT", ""),
            )
            for one in group
            if _wanted(record, one)
        ]
        if not failures:
            return None
        host = self._rules[record.provider].mail_host(account)
        return dsn.notification(record, raw, failures, host=host, now=now, ids=account.ids)

    def _complaint(
        self, account: Account, record: MessageRecord, raw: bytes, one: Consequence, now: float
    ) -> Report | None:
        from sandbox.core.reports import arf  # noqa: PLC0415 - waits for the first report of its kind

        host = self._rules[record.provider].mail_host(account)
        return arf.complaint(record, raw, one.record.due.address, host=host, now=now, ids=account.ids)

    def _auto_reply(
        self, account: Account, record: MessageRecord, raw: bytes, one: Consequence, now: float
    ) -> Report | None:
        if one.auto_reply is None:
            return None
        from sandbox.core.reports.auto_reply import auto_reply  # noqa: PLC0415 - waits for the first report of its kind

        sent_id = self._rules[record.provider].sent_id(record)
        return auto_reply(record, raw, one.auto_reply, sent_id=sent_id, now=now, ids=account.ids)


_NOTIFY = {"failed": "FAILURE", "delayed": "DELAY"}


def _wanted(record: MessageRecord, one: Consequence) -> bool:
    """Whether the client asked to be told of this (NOTIFY, RFC 3461 §4.1); without a word of it, it is told."""
    notify = record.envelope.rcpt_params.get(one.record.due.address, {}).get("NOTIFY", "")
    return not notify or _NOTIFY[one.report] in notify.upper().split(",")
