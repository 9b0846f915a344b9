"""The store's numbers and its queue: as right as though they were counted, whatever happens to messages."""

import asyncio
import sqlite3

import counted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_provider import message

from sandbox.core.model import Outcome
from sandbox.core.store import Store, queue, schema
from sandbox.core.store.finding import Clause
from sandbox.core.store.queue import Attempted
from sandbox.core.store.sessions import SessionRecord

NAMES = st.sampled_from("abcdef")
"""Messages; some steps meet one that is not there yet, or no longer."""
STEPS = st.one_of(
    st.tuples(st.just("accept"), st.lists(NAMES, min_size=1, max_size=6, unique=True), st.integers(1, 20)),
    st.tuples(st.just("deliver"), st.sampled_from([o for o in Outcome if o is not Outcome.QUEUED]), st.integers(1, 40)),
    st.tuples(st.just("read"), NAMES, st.booleans()),
    st.tuples(st.just("remove"), NAMES, st.none()),
    st.tuples(st.just("talk"), NAMES, st.booleans()),
    st.tuples(st.just("clear"), st.none(), st.none()),
)


class Told:
    """One store in memory, to which things happen."""

    def __init__(self):
        self.store = Store(None)
        self.talks = 0

    async def accept(self, names, recipients):
        wanted = {f"r{n}@x.test": 1.0 for n in range(recipients)}
        there = [await self.store.messages.get("default", name) for name in names]
        fresh = [name for name, found in zip(names, there, strict=True) if found is None]
        await asyncio.gather(*(self.store.messages.accept(message(name, wanted), b"x", []) for name in fresh))

    async def deliver(self, outcome, most):
        due = await self.store.queue.due("default", 2.0, most)
        gone = due[:1]  # removed between the look and the record, together with all others of its message
        if gone and most % 2:
            await self.remove(gone[0].message, None)
        done = [Attempted(due=one, outcome=outcome, detail="", event=str(outcome), at=2.0) for one in due]
        await self.store.queue.record("default", done)

    async def read(self, name, read):
        await self.store.messages.mark("default", name, 1.0, read=read)

    async def remove(self, name, _):
        await self.store.messages.remove("default", Clause(sql="m.id = ?", params=(name,)), 1.0)

    async def talk(self, _, refused):
        self.talks += 1
        refusal = {"at": 1.0, "error": "x", "stage": "AUTH", "text": "no", "forced": False, "remedy": ""}
        record = SessionRecord(
            id=f"s{self.talks}", account="default", provider="plain", channel="smtp", client="c", user="u",
            summary="s", started=1.0, ended=None, refusals=[refusal] if refused else [],
        )  # fmt: skip
        await self.store.sessions.add(record)

    async def clear(self, *_):
        await self.store.clear("default")


@settings(deadline=None, max_examples=40)
@given(st.lists(STEPS, max_size=12))
def test_what_is_kept_is_what_there_is(steps):
    async def story():
        told = Told()
        for name, *arguments in steps:
            await getattr(told, name)(*arguments)
            numbers = await told.store.database.read(lambda c: (counted.kept(c), counted.truth(c)))
            assert numbers[0] == numbers[1], name
        await told.store.close()

    asyncio.run(story())


def test_a_job_that_fails_is_not_counted():
    async def story():
        store = Store(None)
        wanted = {"r@x.test": 1.0}
        names = ["a", "b", "a", "c"]  # the third can't be stored: its id is taken
        jobs = [store.messages.accept(message(name, wanted), b"x", []) for name in names]
        results = await asyncio.gather(*jobs, return_exceptions=True)
        numbers = await store.database.read(lambda c: (counted.kept(c), counted.truth(c)))
        await store.close()
        return [type(result) for result in results], numbers

    results, (kept, truth) = asyncio.run(story())
    assert results == [list, list, sqlite3.IntegrityError, list]
    assert kept == truth
    assert kept["default", "messages"] == 3


@pytest.mark.parametrize("before", range(1, schema.migrations()[-1][0]))
def test_a_store_of_every_age_keeps_its_queue_and_its_numbers(tmp_path, before):
    path = tmp_path / "store.db"
    _make(path, before)

    async def story():
        store = Store(path)
        numbers = await store.database.read(lambda c: (counted.kept(c), counted.truth(c)))
        due = await store.queue.due("two", 50.0, 10)
        found = numbers, [(one.message, one.position) for one in due], await store.queue.next_due()
        await store.close()
        return found

    (kept, truth), due, first = asyncio.run(story())
    assert kept == truth
    assert kept["two", "messages"] == 2
    assert due == [("m3", 0), ("m1", 0)]
    assert first == {"one": 30.0, "two": 10.0}


def _make(path, version):
    """A store as the first `version` migrations left it: four messages of two accounts, one without anything due."""
    connection = sqlite3.connect(path, isolation_level=None)
    for number, script in schema.migrations()[:version]:
        connection.executescript(
            f"{script}; PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = {number}"
        )
    for seq, (account, due) in enumerate([("two", 20.0), ("one", 30.0), ("two", 10.0), ("one", None)], 1):
        connection.execute(
            "INSERT INTO messages (seq, id, account, provider, channel, session, mail_from, helo, client, user, sender,"
            " rcpt_to, to_header, subject, message_id, envelope_id, accepted, size, sha256, units)"
            " VALUES (?, ?, ?, 'plain', 'smtp', 's', '', '', '', '', '', '[]', '', '', '', '', 1, 1, '', 1)",
            (seq, f"m{seq}", account),
        )
        connection.execute(
            "INSERT INTO recipients (message, position, address, outcome, due) VALUES (?, 0, 'r@x.test', 'queued', ?)",
            (seq, due),
        )
    connection.close()


def test_what_the_queue_asks_takes_no_longer_for_more_messages():
    """Every statement goes by an index of what is due, and never over all messages or recipients."""
    connection = sqlite3.connect(":memory:")
    schema.migrate(connection, "memory")
    for sql in (queue._DUE, queue._LATER, queue._FIRST, queue._outcomes_statement(2), queue._update_statement(2)):
        values = [1] * sql.count("?")
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert not [step for step in plan if step.startswith("SCAN") and step.split()[1] in ("m", "r", "recipients")]
        assert not [step for step in plan if "messages_" in step]
        assert "USE TEMP B-TREE FOR ORDER BY" not in plan
    connection.close()
