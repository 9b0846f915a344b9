"""Retention: what is too much or too old goes, oldest first, with its log; the rest and whoever writes stay untouched."""

import asyncio
import json
import time
from contextlib import asynccontextmanager

import pytest
import web_mailbox
from click.testing import CliRunner

from sandbox.app import Runtime, SettingError
from sandbox.cli import commands
from sandbox.core.accounts import Accounts
from sandbox.core.retention import Keeper, Limits, read_limits
from sandbox.core.store import Store
from sandbox.core.store.messages import EVERY
from sandbox.core.store.sessions import SessionRecord
from sandbox.core.store.space import Room, warnings_about
from sandbox.core.store.words import SMALLEST
from sandbox.settings import Settings, StoreSettings

ACCOUNT = "default"
SMALL = 2_500_000
GIGABYTE = 1_000_000_000


@asynccontextmanager
async def opened(path, limits=None, now=web_mailbox.SUBMITTED):
    store = Store(path)
    accounts = Accounts(store, lambda: now)
    await accounts.load()
    try:
        yield store, Keeper(store, accounts, limits or Limits())
    finally:
        await store.close()


def run(coroutine):
    return asyncio.run(coroutine)


async def make(path, messages, **how):
    async with opened(path):
        pass
    web_mailbox.fill(path, messages, **how)


async def whole(store, query=EVERY):
    found = await store.messages.page(ACCOUNT, query, limit=10_000)
    return [record.subject for record in found.items][::-1], found.total


def talk(number, refused=False):
    refusal = {"at": 1.0, "error": "oci.smtp.535.no", "stage": "AUTH", "text": "no", "forced": False, "remedy": ""}
    return SessionRecord(
        id=f"s{number}", account=ACCOUNT, provider="oci", channel="smtp", client="c", user="u", summary="s",
        started=web_mailbox.SUBMITTED + number, ended=None, refusals=[refusal] if refused else [],
    )  # fmt: skip


def test_without_limits_everything_stays(tmp_path):
    async def story():
        await make(tmp_path / "s.db", 50)
        async with opened(tmp_path / "s.db", now=9e9) as (store, keeper):
            await keeper.tend()
            return (await whole(store))[1]

    assert run(story()) == 50


def test_max_messages_keeps_the_newest(tmp_path):
    """What belonged to the removed ones goes with them: recipients, octets, events; and the numbers are right."""

    async def story():
        await make(tmp_path / "s.db", 700, body_words=5)
        async with opened(tmp_path / "s.db", Limits(messages=40)) as (store, keeper):
            before, _ = await whole(store)
            await keeper.tend()
            after, total = await whole(store)
            rows = await store.database.read(
                lambda c: [
                    c.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                    for name in ("raws", "recipients", "messages")
                ]
            )
            events = await store.events.since(ACCOUNT, 0, limit=10_000)
            return before, after, total, rows, events, await store.messages.counts(ACCOUNT)

    before, after, total, rows, events, counts = run(story())
    assert after == before[-40:]
    assert (total, rows) == (40, [40, 40, 40])
    assert sum(event.type == "message.accepted" for event in events) == 40
    assert sum(event.data["count"] for event in events if event.type == "messages.removed") == 660
    assert counts == {"messages": 40, "unread": 40, "delivered": 38, "hard_bounced": 2}


def test_max_age_follows_the_clock_of_each_account(tmp_path):
    async def story():
        await make(tmp_path / "s.db", 100)
        now = web_mailbox.SUBMITTED + 101  # the hundredth message is a second old
        async with opened(tmp_path / "s.db", Limits(age=30.5), now=now) as (store, keeper):
            await store.sessions.add(talk(10))
            await store.sessions.add(talk(90))
            await keeper.tend()
            _, total = await whole(store)
            sessions = await store.sessions.page(ACCOUNT)
            return total, [one.id for one in sessions]

    assert run(story()) == (30, ["s90"])


def test_max_bytes_bounds_the_file_and_gives_room_back(tmp_path, monkeypatch):
    monkeypatch.setattr("sandbox.core.store.space.KEPT_FREE", 50)

    async def story():
        path = tmp_path / "s.db"
        await make(path, 4_000, body_words=20)
        async with opened(path, Limits(size=SMALL)) as (store, keeper):
            before = await store.space.room()
            await keeper.tend()
            await keeper.tend()  # room is returned once nothing is removed any more
            room = await store.space.room()
            _, total = await whole(store)
            found = await store.messages.page(ACCOUNT, EVERY, limit=1)
            return before, room, total, found.items[0].accepted

    before, room, total, newest = run(story())
    assert before.used > 1.5 * SMALL
    assert room.used <= SMALL
    assert 500 < total < 4_000
    assert newest == web_mailbox.SUBMITTED + 4_000
    assert (tmp_path / "s.db").stat().st_size < 1.3 * SMALL


def test_conversations_and_their_log_are_bounded_too(tmp_path):
    """Clients that only ever are refused leave no mail, but traces; those are bounded by `max_messages` as well."""

    async def story():
        async with opened(tmp_path / "s.db", Limits(messages=10)) as (store, keeper):
            for number in range(300):
                await store.sessions.add(talk(number, refused=True))
            await keeper.tend()
            events = await store.events.since(ACCOUNT, 0, limit=10_000)
            return (
                [one.id for one in await store.sessions.page(ACCOUNT)],
                len(events),
                await store.sessions.count(ACCOUNT),
            )

    sessions, events, counts = run(story())
    assert sessions == [f"s{number}" for number in range(299, 289, -1)]
    assert events <= 10 * 20 + 1
    assert counts == (10, 10)


def test_the_index_of_words_does_not_grow_with_what_is_gone(tmp_path):
    async def story():
        path = tmp_path / "s.db"
        await make(path, 3 * SMALLEST, body_words=5)
        async with opened(path, Limits(messages=100)) as (store, keeper):
            await keeper.tend()
            parts = await store.database.read(
                lambda c: c.execute("SELECT count(*) FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'").fetchone()[0]
            )
            rows = await store.database.read(
                lambda c: c.execute("SELECT seq FROM message_words WHERE words MATCH 'exa'").fetchall()
            )
            return parts, len(rows)

    parts, rows = run(story())
    assert parts <= 2
    assert rows <= 2 * SMALLEST


def test_writers_wait_for_a_slice_only(tmp_path):
    """While thousands of messages are removed, others go on writing: what they wait is a fraction of the whole."""

    async def story():
        path = tmp_path / "s.db"
        await make(path, 4_000, body_words=5)
        async with opened(path, Limits(messages=1)) as (store, keeper):
            began = time.perf_counter()
            tending = asyncio.ensure_future(keeper.tend())
            between = 0
            while not tending.done():
                await store.sessions.add(talk(between))
                between += 1
            await tending
            return between, time.perf_counter() - began

    between, _ = run(story())
    assert between >= 10


def test_a_running_sandbox_keeps_its_limit():
    """From the settings to the store: mail comes in, the oldest goes by itself, and viewers are told."""

    async def story():
        runtime = Runtime(
            Settings(data=":memory:", ports="auto", permissive=True, store=StoreSettings(retention={"max_messages": 3}))
        )
        await runtime.start()
        try:
            with runtime.stream.subscribe(ACCOUNT) as heard:
                for number in range(8):
                    await submit(runtime, number)
                removed = 0
                while removed < 5:
                    removed += sum(e.data["count"] for e in await heard.take(60) if e.type == "messages.removed")
            found = await runtime.store.messages.page(ACCOUNT, EVERY)
            return [record.subject for record in found.items]
        finally:
            await runtime.stop()

    assert run(story()) == ["7", "6", "5"]


async def submit(runtime, number):
    from sandbox.core.model import Channel, Envelope, Principal, Submission

    principal = Principal(account=ACCOUNT, provider="oci", user="u", credential="u")
    await runtime.services.intake.accept(
        Submission(
            principal=principal,
            channel=Channel.SMTP,
            envelope=Envelope(mail_from="noreply@example.com", rcpt_to=("a@x.test",)),
            raw=f"From: noreply@example.com\r\nSubject: {number}\r\n\r\n".encode(),
            session="s",
        )
    )


@pytest.mark.parametrize(
    ("table", "limits"),
    [
        ({}, Limits()),
        ({"max_messages": 5}, Limits(messages=5)),
        ({"max_age": "7d", "max_bytes": "2gb"}, Limits(age=604_800.0, size=2 * GIGABYTE)),
        ({"max_age": 90, "max_bytes": 10_000_000}, Limits(age=90.0, size=10_000_000)),
        ({"max_bytes": "1.5 GB"}, Limits(size=1_500_000_000)),
    ],
)
def test_limits_are_read(table, limits):
    assert read_limits(table) == limits


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"max_messages": 0}, "max_messages is a whole number from 1"),
        ({"max_messages": "many"}, "max_messages is a whole number from 1"),
        ({"max_age": "soon"}, "max_age is a duration"),
        ({"max_age": "0s"}, "max_age is a duration"),
        ({"max_bytes": "1kb"}, "max_bytes is a size from 10mb"),
        ({"max_bytes": "-1"}, "max_bytes is a size from 10mb"),
    ],
)
def test_a_wrong_limit_is_told(table, said):
    with pytest.raises(ValueError, match=said):
        read_limits(table)


def test_serve_names_the_wrong_limit():
    answer = CliRunner().invoke(
        commands, ["serve", "--data", ":memory:", "--ports", "auto", "--store-retention", json.dumps({"max_age": "x"})]
    )
    assert answer.exit_code == 2
    assert "store.retention: max_age is a duration" in answer.stderr
    assert issubclass(SettingError, ValueError)


@pytest.mark.parametrize(
    ("free", "disk", "warned"),
    [
        (500 * GIGABYTE, 1000 * GIGABYTE, False),
        (GIGABYTE, 1000 * GIGABYTE, False),
        (GIGABYTE - 1, 1000 * GIGABYTE, True),
        (300_000_000, 2 * GIGABYTE, False),
        (100_000_000, 2 * GIGABYTE, True),
        (None, None, False),
    ],
)
def test_a_disk_that_fills_is_warned_of(free, disk, warned):
    assert bool(warnings_about(Room(used=1, file=1, free=free, disk=disk))) is warned
