"""Who commits: the loop while the disk is quick, the writer's thread once it is not; nobody waits for a slow one twice."""

import asyncio
import sqlite3
import threading
import time

from sandbox.core.store.writer import ELSEWHERE, SLOW_IN_A_ROW, SLOW_SECONDS, STALL_SECONDS, Job, Writer


class Disk:
    """A connection whose commits take as long as `takes` says, one after the other, and then no time."""

    def __init__(self, takes):
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._takes = list(takes)
        self.executemany = self._connection.executemany
        self.committed_by = []

    def execute(self, sql, *values):
        if sql == "COMMIT":
            self.committed_by.append("loop" if threading.current_thread() is threading.main_thread() else "thread")
            time.sleep(self._takes.pop(0) if self._takes else 0)
        return self._connection.execute(sql, *values)


def committed_by(takes, jobs):
    """Who committed each of `jobs` quick jobs, of which each waits for the one before."""
    disk = Disk(takes)

    async def story():
        writer = Writer(disk, lambda: None, lambda events: None)
        for _ in range(jobs):
            future = asyncio.get_running_loop().create_future()
            writer.put(Job(work=lambda transaction, items: items, item=1, quick=True, patient=False, future=future))
            assert await future == 1
        await writer.close()

    asyncio.run(story())
    return disk.committed_by


def test_a_quick_disk_is_written_by_the_loop():
    # a busy machine may make single commits slow
    assert committed_by([], 12).count("loop") > 0


def test_slow_commits_in_a_row_are_left_to_the_thread():
    slow = SLOW_SECONDS * 1.5
    found = committed_by([slow] * SLOW_IN_A_ROW, SLOW_IN_A_ROW + 3)
    assert found[0] == "loop"
    assert found[SLOW_IN_A_ROW:] == ["thread"] * 3


def test_one_stall_is_enough():
    assert committed_by([STALL_SECONDS * 1.5], 4) == ["loop", "thread", "thread", "thread"]


def test_the_loop_tries_again_later():
    found = committed_by([STALL_SECONDS * 1.5], ELSEWHERE + 3)
    assert found[1 : ELSEWHERE + 1] == ["thread"] * ELSEWHERE
    assert found[ELSEWHERE + 1] == "loop"
