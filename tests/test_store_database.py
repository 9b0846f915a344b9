"""The writer: shared commits, single failures, events."""

import asyncio
import sqlite3
import threading
import time

import pytest
from store_jobs import add, count, opened, run

from sandbox.core.errors import StoreError
from sandbox.core.store import writer
from sandbox.core.store.database import Database


@pytest.fixture(params=["file", "memory"])
def path(request, tmp_path):
    return tmp_path / "store.db" if request.param == "file" else None


def test_what_was_written_is_read(path):
    async def story():
        async with opened(path) as database:
            assert await database.write(add("a")) == 1
            return await database.read(count)

    assert run(story()) == 1


def test_waiting_jobs_share_one_transaction(tmp_path):
    """Ten jobs that queue behind a slow one commit together: two commits for eleven jobs."""

    async def story():
        async with opened(tmp_path / "store.db") as database:
            statements, began, go_on = [], threading.Event(), threading.Event()
            database._connection.set_trace_callback(statements.append)
            first = asyncio.ensure_future(database.write(lambda t: (began.set(), go_on.wait(60), add("first")(t))))
            await asyncio.to_thread(began.wait, 60)
            rest = [asyncio.ensure_future(database.write(add(f"a{n}"))) for n in range(10)]
            await asyncio.sleep(0)
            go_on.set()
            await asyncio.gather(first, *rest)
            return statements.count("COMMIT")

    assert run(story()) == 2


def test_patient_jobs_share_the_commit_of_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 60.0)

    async def story():
        async with opened(tmp_path / "store.db") as database:
            statements = []
            database._connection.set_trace_callback(statements.append)
            patient = [asyncio.ensure_future(patiently(database, f"p{n}")) for n in range(3)]
            await asyncio.sleep(0)
            await database.write(add("next"))
            assert all(job.done() for job in patient)
            return statements.count("COMMIT"), await database.read(count)

    assert run(story()) == (1, 4)


def test_patient_jobs_do_not_wait_for_ever(path):
    async def story():
        async with opened(path) as database:
            await patiently(database, "first")
            await asyncio.gather(*(patiently(database, f"p{n}") for n in range(3)))
            return await database.read(count)

    assert run(story()) == 4


def test_closing_does_not_wait_for_patience_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 600.0)

    async def story():
        database = Database(tmp_path / "store.db")
        jobs = [asyncio.ensure_future(patiently(database, f"p{n}")) for n in range(3)]
        await asyncio.sleep(0)
        await database.close()
        assert [await job for job in jobs] == [1, 1, 1]
        async with opened(tmp_path / "store.db") as again:
            return await again.read(count)

    assert run(story()) == 3


@pytest.mark.parametrize(
    ("slow", "stall", "threads"),
    [
        (-1.0, 60.0, ["MainThread", "MainThread", "MainThread", "store-writer"]),
        (60.0, -1.0, ["MainThread", "store-writer", "store-writer", "store-writer"]),
        (60.0, 60.0, ["MainThread"] * 4),
    ],
)
def test_the_loop_commits_quick_jobs_while_that_is_quick(tmp_path, monkeypatch, slow, stall, threads):
    monkeypatch.setattr(writer, "SLOW_SECONDS", slow)
    monkeypatch.setattr(writer, "STALL_SECONDS", stall)

    async def story():
        async with opened(tmp_path / "store.db") as database:
            committed = commits(database)
            for number in range(4):
                await quickly(database, f"a{number}")
            return list(committed)

    assert run(story()) == threads


def test_a_slow_job_is_the_threads_with_its_commit(tmp_path):
    async def story():
        async with opened(tmp_path / "store.db") as database:
            committed = commits(database)
            await asyncio.gather(quickly(database, "quick"), database.write(add("slow")))
            return list(committed), await database.read(count)

    assert run(story()) == (["store-writer"], 2)


def test_after_a_slow_commit_clients_that_took_turns_go_together(tmp_path, monkeypatch):
    for name, value in (("SLOW_SECONDS", -1.0), ("GATHER_TIMES", 1e6), ("GATHER_SECONDS", 0.5)):
        monkeypatch.setattr(writer, name, value)

    async def client(database, name):
        for number in range(20):
            await quickly(database, f"{name}{number}")
            await asyncio.sleep(0.002)  # its way to the client and back

    async def story():
        async with opened(tmp_path / "store.db") as database:
            await quickly(database, "first")
            await quickly(database, "second")
            committed = commits(database, seconds=0.01)
            one = asyncio.ensure_future(client(database, "a"))
            await asyncio.sleep(0.005)  # the first is being committed
            await asyncio.gather(one, client(database, "b"))
            return len(committed), await database.read(count)

    shared, stored = run(story())
    assert shared <= 25  # each for itself would take 40
    assert stored == 42


def test_nobody_waits_for_the_sandbox_itself_to_come_again(tmp_path, monkeypatch):
    for name, value in (("GATHER_TIMES", 1e9), ("GATHER_SECONDS", 600.0)):
        monkeypatch.setattr(writer, name, value)

    async def story():
        async with opened(tmp_path / "store.db") as database:
            await asyncio.gather(quickly(database, "client"), database.glance(count))
            await quickly(database, "the same again")
            return await database.read(count)

    assert run(story()) == 2


def commits(database, seconds=0.0):
    """The names of the threads that commit from now on, which takes them so long."""
    found = []

    def note(statement):
        if statement == "COMMIT":
            found.append(threading.current_thread().name)
            time.sleep(seconds)

    database._connection.set_trace_callback(note)
    return found


async def quickly(database, account):
    return await database.write_together(add_all, account, quick=True)


def add_all(transaction, accounts):
    return [add(one)(transaction) for one in accounts]


async def patiently(database, account):
    return await database.write_together(add_all, account, quick=True, patient=True)


def test_a_failing_job_is_rolled_back_alone(path):
    async def story():
        async with opened(path) as database:
            good = asyncio.ensure_future(database.write(add("good")))
            bad = asyncio.ensure_future(database.write(lambda t: (add("bad")(t), add("bad")(t))))
            also = asyncio.ensure_future(database.write(add("also")))
            results = await asyncio.gather(good, bad, also, return_exceptions=True)
            assert isinstance(results[1], sqlite3.IntegrityError)
            return await database.read(lambda c: [row[0] for row in c.execute("SELECT id FROM accounts ORDER BY id")])

    assert run(story()) == ["also", "good"]


def test_a_failing_quick_job_is_rolled_back_alone(path):
    """Also where jobs of several kinds go together: what is done once more is told of once."""
    seen = []

    def note(transaction, names):
        return [transaction.event(account="a", at=1.0, type=name).id for name in names]

    async def story():
        async with opened(path, seen.extend) as database:
            jobs = [
                database.write_together(note, "first", quick=True),
                *(quickly(database, name) for name in ("good", "bad", "bad", "also")),
                database.write_together(note, "second", quick=True),
            ]
            results = await asyncio.gather(*jobs, return_exceptions=True)
            names = await database.read(lambda c: [row[0] for row in c.execute("SELECT id FROM accounts ORDER BY id")])
            return results, names

    results, names = run(story())
    assert isinstance(results[3], sqlite3.IntegrityError)
    assert [results[0], *results[1:3], results[4], results[5]] == [1, 1, 1, 1, 2]
    assert names == ["also", "bad", "good"]
    assert [(event.id, event.type) for event in seen] == [(1, "first"), (2, "second")]


def test_quick_jobs_that_go_well_need_no_savepoint(path):
    """A savepoint makes SQLite copy each page that it changes."""

    async def story():
        async with opened(path) as database:
            statements = []
            database._connection.set_trace_callback(statements.append)
            await asyncio.gather(quickly(database, "a"), quickly(database, "b"))
            return [one.split()[0] for one in statements]

    assert run(story()) == ["BEGIN", "INSERT", "INSERT", "COMMIT"]


def test_numbers_go_on_after_a_transaction_that_failed(path):
    """The writer remembers the last number of a table; what was rolled back must not count, nor be given twice."""

    def note(transaction, names):
        transaction.events_together([{"account": "a", "at": 1.0, "type": name} for name in names])
        if "spoilt" in names:
            raise sqlite3.OperationalError("the disk went away")
        return [transaction.event(account="a", at=1.0, type="alone").id for _ in names]

    async def story():
        async with opened(path) as database:
            assert await database.write_together(note, "one", quick=True) == 2
            with pytest.raises(StoreError, match="went away"):
                await database.write_together(note, "spoilt", quick=True)
            assert await database.write_together(note, "two", quick=True) == 4
            return await database.read(lambda c: [row[0] for row in c.execute("SELECT type FROM events ORDER BY id")])

    assert run(story()) == ["one", "alone", "two", "alone"]


def test_rows_of_another_program_do_not_confuse_the_numbers(tmp_path):
    def note(transaction, names):
        transaction.events_together([{"account": "a", "at": 1.0, "type": name} for name in names])
        return [None for _ in names]

    async def story():
        async with opened(tmp_path / "store.db") as database:
            await database.write_together(note, "ours", quick=True)
            with sqlite3.connect(tmp_path / "store.db") as other:
                other.execute("INSERT INTO events (account, at, type) VALUES ('a', 1, 'theirs')")
            other.close()
            await database.write_together(note, "ours again", quick=True)
            return await database.read(lambda c: c.execute("SELECT id, type FROM events ORDER BY id").fetchall())

    assert run(story()) == [(1, "ours"), (2, "theirs"), (3, "ours again")]


def test_events_are_published_after_the_commit_and_only_then(path):
    seen = []

    async def story():
        async with opened(path, seen.extend) as database:
            with pytest.raises(RuntimeError, match="changed my mind"):
                await database.write(lambda t: (t.event(account="a", at=1, type="x"), _raise()))
            assert seen == []
            await database.write(lambda t: t.event(account="a", at=1, type="y", data={"k": "ü"}))
            assert [event.type for event in seen] == ["y"]

    run(story())


def _raise():
    raise RuntimeError("changed my mind")


def test_events_of_a_commit_are_published_in_the_order_of_their_numbers():
    """Quick jobs are done before slow ones that came earlier."""
    seen = []

    async def story():
        async with opened(None, lambda events: seen.extend(event.id for event in events)) as database:

            def note(transaction, items):
                return [transaction.event(account="default", at=1.0, type="x") for _ in items]

            slow = database.write(lambda transaction: transaction.event(account="default", at=1.0, type="slow"))
            await asyncio.gather(slow, *(database.write_together(note, n, quick=True) for n in range(3)))

    run(story())
    assert len(seen) == 4
    assert seen == sorted(seen)


def test_a_cancelled_caller_does_not_undo_the_job(path):
    async def story():
        async with opened(path) as database:
            began, go_on = threading.Event(), threading.Event()
            task = asyncio.ensure_future(database.write(lambda t: (began.set(), go_on.wait(60), add("kept")(t))))
            await asyncio.to_thread(began.wait, 60)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            go_on.set()
            return await database.read(count) if path is None else await _count_after_write(database)

    assert run(story()) == 1


async def _count_after_write(database):
    await database.write(lambda _: None)
    return await database.read(count)


def test_closing_finishes_what_waits_and_refuses_what_comes_later(tmp_path):
    async def story():
        database = Database(tmp_path / "store.db")
        jobs = [asyncio.ensure_future(database.write(add(f"a{n}"))) for n in range(50)]
        await asyncio.sleep(0)
        await database.close()
        await asyncio.gather(*jobs)
        with pytest.raises(StoreError, match="closed"):
            await database.write(add("late"))
        async with opened(tmp_path / "store.db") as again:
            return await again.read(count)

    assert run(story()) == 50
