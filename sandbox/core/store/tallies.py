"""How many there are of what: numbers that triggers keep, since counting takes as long as there is to count."""

from __future__ import annotations

import sqlite3

from sandbox.core.store.database import Transaction

MESSAGES, UNREAD, SESSIONS, REFUSED = "messages", "unread", "sessions", "refused"
_OUTCOME = "recipients "


def tally(connection: sqlite3.Connection, account: str, name: str) -> int:
    """One of an account's numbers."""
    sql = "SELECT number FROM tallies WHERE account = ? AND name = ?"
    row = connection.execute(sql, (account, name)).fetchone()
    return 0 if row is None else int(row[0])


def outcomes(connection: sqlite3.Connection, account: str) -> dict[str, int]:
    """An account's recipients by outcome, without those that nobody has."""
    rows = connection.execute("SELECT name, number FROM tallies WHERE account = ? AND number > 0", (account,))
    return {name.removeprefix(_OUTCOME): number for name, number in rows if name.startswith(_OUTCOME)}


def forget_tallies(transaction: Transaction, account: str) -> None:
    """Drop the numbers of an account that has nothing any more."""
    transaction.execute("DELETE FROM tallies WHERE account = ?", (account,))
