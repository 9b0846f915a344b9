"""What each account has used of its quota, in buckets of a second; survives restarts and deleted messages."""

from __future__ import annotations

from sandbox.core.store.database import Database, Transaction


class UsageRows:
    """Reads and writes accepted units by second."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, account: str, provider: str, moment: float) -> list[tuple[int, int]]:
        """(second, units) of every bucket after `moment`, oldest first."""
        sql = "SELECT second, units FROM usage WHERE account = ? AND provider = ? AND second > ? ORDER BY second"
        return await self._database.read(
            lambda connection: connection.execute(sql, (account, provider, int(moment))).fetchall()
        )


def record_usage(transaction: Transaction, account: str, provider: str, moment: float, units: int) -> None:
    """Add `units` to the bucket of `moment`, as part of accepting a message."""
    transaction.execute(
        "INSERT INTO usage (account, provider, second, units) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, provider, second) DO UPDATE SET units = units + excluded.units",
        (account, provider, int(moment), units),
    )
