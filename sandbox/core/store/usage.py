"""What each account has used of its quota, in buckets of a second; survives restarts and deleted messages."""

from __future__ import annotations

from collections.abc import Mapping

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


def record_usage(transaction: Transaction, used: Mapping[tuple[str, str, int], int]) -> None:
    """Add units to the buckets of (account, provider, second), as part of accepting messages."""
    transaction.insert(
        "usage",
        ("account", "provider", "second", "units"),
        [(*bucket, units) for bucket, units in used.items() if units],
        "ON CONFLICT DO UPDATE SET units = units + excluded.units",
    )
