"""How many there are of what: numbers that are kept, since counting takes as long as there is to count.

Who adds messages or changes outcomes, which are many at a time, counts them with one statement. What goes, what is
read and what is said in conversations is counted by triggers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sandbox.core.model import Outcome
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


def of_outcome(outcome: Outcome) -> str:
    """The name of the number of recipients with an outcome."""
    return _OUTCOME + outcome


def change_tallies(transaction: Transaction, more: Mapping[tuple[str, str], int]) -> None:
    """Add to the numbers of (account, name)."""
    transaction.insert(
        "tallies",
        ("account", "name", "number"),
        [(*name, number) for name, number in more.items() if number],
        "ON CONFLICT DO UPDATE SET number = number + excluded.number",
    )


def forget_tallies(transaction: Transaction, account: str) -> None:
    """Drop the numbers of an account that has nothing any more."""
    transaction.execute("DELETE FROM tallies WHERE account = ?", (account,))
