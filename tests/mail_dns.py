"""A name system made of one table, for tests of what asks it; and what asks it."""

from __future__ import annotations

import asyncio

from sandbox.core.dns.lookup import Answer, Status

BROKEN = "broken"
"""Record data that makes a look-up fail."""


class Table:
    """`{(name, type): [data, …]}`; names that have only other types give NO_DATA."""

    def __init__(self, rows):
        self.rows = {(name.lower(), rtype): tuple(data) for (name, rtype), data in rows.items()}
        self.asked = []

    async def query(self, account, name, rtype):
        key = (name.lower().rstrip("."), rtype)
        self.asked.append(key)
        found = self.rows.get(key)
        if found == (BROKEN,):
            return Answer(status=Status.FAILURE)
        if found:
            return Answer(status=Status.FOUND, records=found)
        known = any(name == key[0] for name, _ in self.rows)
        return Answer(status=Status.NO_DATA if known else Status.NO_NAME)


def wait(coroutine):
    return asyncio.run(coroutine)
