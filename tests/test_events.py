"""The live stream: bounded, ordered, and never waiting for a listener."""

import asyncio

from sandbox.core import events
from sandbox.core.events import EventStream
from sandbox.core.model import Event


def event(number, account="a"):
    return Event(id=number, account=account, at=0, type="x")


def test_a_listener_hears_its_own_account_in_order():
    async def story():
        stream = EventStream()
        with stream.subscribe("a") as mine, stream.subscribe(None) as every:
            stream.publish([event(1), event(2, "b")])
            stream.publish([event(3)])
            assert [one.id for one in await mine.take(1)] == [1, 3]
            assert [one.id for one in await every.take(1)] == [1, 2, 3]
            assert await mine.take(0.01) == []

    asyncio.run(story())


def test_a_listener_is_woken_by_what_it_wants_only():
    async def story():
        stream = EventStream()
        with stream.subscribe(None, lambda one: one.id % 2 == 0) as mine:
            stream.publish([event(1)])
            assert await mine.take(0) == []
            stream.publish([event(3), event(4, "b")])
            assert [one.id for one in await mine.take(1)] == [4]

    asyncio.run(story())


def test_a_listener_waits_until_something_is_published():
    async def story():
        stream = EventStream()
        with stream.subscribe("a") as mine:
            waiting = asyncio.ensure_future(mine.take(10))
            await asyncio.sleep(0)
            stream.publish([event(7)])
            assert [one.id for one in await waiting] == [7]

    asyncio.run(story())


def test_a_slow_listener_is_dropped_and_keeps_what_it_had(monkeypatch):
    monkeypatch.setattr(events, "BACKLOG", 5)

    async def story():
        stream = EventStream()
        with stream.subscribe("a") as slow:
            stream.publish([event(number) for number in range(5)])
            stream.publish([event(99)])
            assert slow.dropped
            assert [one.id for one in await slow.take(1)] == [0, 1, 2, 3, 4]
            assert await slow.take(1) == []

    asyncio.run(story())


def test_closing_the_stream_ends_every_wait():
    async def story():
        stream = EventStream()
        with stream.subscribe("a") as mine:
            waiting = asyncio.ensure_future(mine.take())
            await asyncio.sleep(0)
            stream.close()
            assert await waiting == []
            assert mine.dropped

    asyncio.run(story())
