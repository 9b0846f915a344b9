"""The accounts table: isolated owners of everything else."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.core.store.database import Database, Transaction


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    """An account as stored; the clock's offset in seconds."""

    id: str
    created: float
    clock_offset: float
    ready_made: bool


class AccountRows:
    """Reads and writes accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[AccountRow]:
        """Every account, the ready-made one first."""
        sql = "SELECT id, created, clock_offset, ready_made FROM accounts ORDER BY ready_made DESC, created, id"
        rows = await self._database.read(lambda connection: connection.execute(sql).fetchall())
        return [AccountRow(id=row[0], created=row[1], clock_offset=row[2], ready_made=bool(row[3])) for row in rows]

    async def add(self, row: AccountRow) -> None:
        """Store a new account."""
        await self._database.write(
            lambda transaction: transaction.execute(
                "INSERT INTO accounts (id, created, clock_offset, ready_made) VALUES (?, ?, ?, ?)",
                (row.id, row.created, row.clock_offset, int(row.ready_made)),
            )
        )

    async def set_clock_offset(self, account: str, offset: float) -> None:
        """Keep the clock's offset, so that a restarted sandbox has the same present."""
        await self._database.write(
            lambda transaction: transaction.execute(
                "UPDATE accounts SET clock_offset = ? WHERE id = ?", (offset, account)
            )
        )

    async def remove(self, account: str) -> None:
        """Delete the account's row; its belongings are cleared by `Store.clear`."""
        await self._database.write(lambda transaction: _remove(transaction, account))


def _remove(transaction: Transaction, account: str) -> None:
    transaction.execute("DELETE FROM accounts WHERE id = ?", (account,))
