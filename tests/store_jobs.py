"""A database on a loop, and jobs for it."""

import asyncio
from contextlib import asynccontextmanager

from sandbox.core.store.database import Database


@asynccontextmanager
async def opened(path=None, on_commit=lambda _: None):
    database = Database(path, on_commit)
    try:
        yield database
    finally:
        await database.close()


def add(account, at=1.0):
    return lambda t: t.execute("INSERT INTO accounts (id, created) VALUES (?, ?)", (account, at)).rowcount


def count(connection):
    return connection.execute("SELECT count(*) FROM accounts").fetchone()[0]


def run(coroutine):
    return asyncio.run(coroutine)
