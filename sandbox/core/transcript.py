"""What was said in one conversation, with times and with the reason of each refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.core.clock import Clock
from sandbox.core.model import Channel, Stage
from sandbox.core.store import SessionRecord

if TYPE_CHECKING:  # the catalogs wait for the first error
    from sandbox.core.catalog import ErrorEntry

LINES = 2_000
"""Lines kept of one conversation; a session that says more is noted as cut, not stored without end."""
LINE_LENGTH = 4_096
REFUSALS = 250
"""Refusals kept of one conversation: the first ones, and the last."""
MESSAGES = 5_000
"""Messages named in one conversation; each message names its conversation in any case."""


class Transcript:
    """Grows while the conversation goes on; `record()` gives its stored form at any time."""

    def __init__(
        self, *, session: str, account: str, provider: str, channel: Channel, client: str, clock: Clock
    ) -> None:
        self.session = session
        self.account = account
        self.provider = provider
        self.channel = channel
        self.client = client
        self.user = ""
        self.summary = ""
        self.extra: dict[str, Any] = {}
        self.messages: list[str] = []
        """Ids of what was accepted, as far as they are named."""
        self.accepted = 0
        """How many messages were."""
        self.refusals: list[dict[str, Any]] = []
        self._now = clock.now
        self.started = clock.now()
        self.ended: float | None = None
        self.sending: Callable[[], bool] = lambda: True
        """Whether a message may be on its way at this moment; who speaks for more than one message says so."""
        self._lines: list[tuple[float, str, str]] = []

    def said(self, side: str, text: str) -> None:
        """Add a line of the `client`, the `server`, or a remark of the `sandbox`; secrets are masked by the caller."""
        kept = len(self._lines)
        if kept < LINES:
            self._lines.append((self._now(), side, text[:LINE_LENGTH]))
        elif kept == LINES:
            self._lines.append((self._now(), "sandbox", f"the transcript ends here: it has {LINES} lines"))

    def took(self, message: str) -> None:
        """Note that a message was accepted, by its id."""
        self.accepted += 1
        if len(self.messages) < MESSAGES:
            self.messages.append(message)

    def refused(self, entry: ErrorEntry, stage: Stage, text: str, *, forced: bool) -> None:
        """Note that a catalog row was the answer, and why; of very many, the first and the last are kept."""
        del self.refusals[REFUSALS - 1 :]
        self.refusals.append(
            {
                "at": self._now(),
                "error": entry.id,
                "stage": str(stage),
                "status": entry.status,
                "text": text,
                "forced": forced,
                "trigger": entry.trigger,
                "remedy": entry.remedy,
            }
        )

    @property
    def used(self) -> bool:
        """Whether anything was accepted or refused: a conversation without is likely to be about to begin."""
        return bool(self.messages or self.refusals)

    def record(self) -> SessionRecord:
        """The conversation so far."""
        return SessionRecord(
            id=self.session,
            account=self.account,
            provider=self.provider,
            channel=self.channel,
            client=self.client,
            user=self.user,
            summary=self.summary,
            started=self.started,
            ended=self.ended,
            lines=tuple({"at": at, "side": side, "text": text} for at, side, text in self._lines),
            refusals=tuple(self.refusals),
            messages=tuple(self.messages),
            extra=dict(self.extra),
        )

    def finish(self) -> SessionRecord:
        """End the conversation now; returns its stored form."""
        self.ended = self._now()
        return self.record()


class OpenSessions:
    """Conversations that are not stored yet: those that go on, and for a moment those that ended."""

    def __init__(self, store_finished: Callable[[SessionRecord], Any]) -> None:
        self._open: dict[str, Transcript] = {}
        self._store_finished = store_finished
        self._watchers: set[asyncio.Event] = set()

    def enter(self, transcript: Transcript) -> None:
        """A conversation began."""
        self._open[transcript.session] = transcript

    async def leave(self, transcript: Transcript) -> None:
        """A conversation ended; it is stored."""
        record = transcript.finish()
        self.stirred()
        try:
            await self._store_finished(record)
        finally:
            self._open.pop(transcript.session, None)
            self.stirred()

    def stirred(self) -> None:
        """Something was said or ended: whoever waits for quiet looks again."""
        for watcher in self._watchers:
            watcher.set()

    @contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever a conversation ends or has answered a command."""
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def sending(self, account: str, *, begun: bool) -> list[SessionRecord]:
        """The account's conversations that may bring a message; unless `begun`, also those that brought none yet."""
        found = [one for one in self._open.values() if one.account == account and one.ended is None]
        return [one.record() for one in found if one.sending() or not (begun or one.used)]

    def all(self, account: str) -> list[SessionRecord]:
        """The account's open conversations, newest first."""
        found = [transcript.record() for transcript in self._open.values() if transcript.account == account]
        return sorted(found, key=lambda record: record.started, reverse=True)

    def get(self, account: str, session: str) -> SessionRecord | None:
        """An open conversation of the account, or None."""
        transcript = self._open.get(session)
        return transcript.record() if transcript and transcript.account == account else None
