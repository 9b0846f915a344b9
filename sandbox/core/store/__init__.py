"""The store: what was accepted, what happened, what is configured. Providers and viewers write no SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.core.model import Event
from sandbox.core.store.accounts import AccountRows
from sandbox.core.store.database import Database, Transaction
from sandbox.core.store.events import EventRows
from sandbox.core.store.expiry import ExpiryRows
from sandbox.core.store.index import IndexRows
from sandbox.core.store.messages import MessageRows
from sandbox.core.store.queue import QueueRows
from sandbox.core.store.removal import clear
from sandbox.core.store.reports import ReportRows
from sandbox.core.store.resources import Resources
from sandbox.core.store.sessions import SessionRecord, SessionRows
from sandbox.core.store.space import Space
from sandbox.core.store.usage import UsageRows

__all__ = ["Database", "SessionRecord", "Store", "Transaction"]


class Store:
    """All tables of one sandbox, each behind an object of its own, on one database."""

    def __init__(self, path: Path | None, on_commit: Callable[[Sequence[Event]], None] = lambda _: None) -> None:
        """Open `path`, or memory when None; raises `SchemaError` or `StoreError` as `Database` does."""
        self.database = Database(path, on_commit)
        self.accounts = AccountRows(self.database)
        self.messages = MessageRows(self.database)
        self.events = EventRows(self.database)
        self.sessions = SessionRows(self.database)
        self.resources = Resources(self.database)
        self.usage = UsageRows(self.database)
        self.queue = QueueRows(self.database)
        self.index = IndexRows(self.database)
        self.reports = ReportRows(self.database)
        self.expiry = ExpiryRows(self.database)
        self.space = Space(self.database)

    async def clear(self, account: str) -> None:
        """Forget everything of an account but the account itself: messages, events, sessions, resources, usage."""
        await clear(self.database, account)
        self.resources.forget(account)

    async def close(self) -> None:
        """Finish what is waiting and close the files."""
        await self.database.close()
