"""Delivery on the account's clock."""

import asyncio

from sandbox.core.accounts import Accounts
from sandbox.core.delivery import Delivery
from sandbox.core.model import Channel, Envelope, MessageRecord, Outcome, RecipientRecord
from sandbox.core.outcomes import OutcomeRules, decide
from sandbox.core.store import Store

RULES = OutcomeRules(blackhole_domains=frozenset({"email-blackhole.com"}))


def message(name, *dues):
    recipients = tuple(
        RecipientRecord(position=n, address=f"r{n}@x.test", outcome=Outcome.QUEUED, due=due)
        for n, due in enumerate(dues)
    )
    return MessageRecord(
        id=name, account="default", provider="oci", channel=Channel.SMTP, session="s",
        envelope=Envelope(mail_from="a@b.c", rcpt_to=tuple(r.address for r in recipients)), sender="a@b.c", to="",
        subject="", message_id="m", envelope_id="e", accepted=0.0, size=1, sha256="", units=1, recipients=recipients,
    )  # fmt: skip


def story(tell, now=1000.0, on_commit=lambda _: None):
    async def run():
        store = Store(None, on_commit)
        try:
            accounts = Accounts(store, lambda: now, seed=1)
            await accounts.load()
            await tell(store, accounts, Delivery(store, accounts, RULES))
        finally:
            await store.close()

    asyncio.run(run())


async def delivered(store):
    found = await store.events.since("default")
    return [(event.at, event.recipient) for event in found if event.type == "recipient.delivered"]


def test_blackhole_domains_swallow_and_others_deliver():
    assert decide("x@Email-Blackhole.com", RULES).outcome is Outcome.BLACKHOLED
    assert decide("x@sub.email-blackhole.com", RULES).outcome is Outcome.DELIVERED
    assert decide("x@example.com", RULES).outcome is Outcome.DELIVERED


def test_only_what_is_due_is_tried():
    async def tell(store, accounts, delivery):
        await store.messages.accept(message("m1", 999.0, 1001.0), b"", [])
        await delivery.run_due()
        assert await delivered(store) == [(1000.0, "r0@x.test")]
        await delivery.run_due()
        assert len(await delivered(store)) == 1

    story(tell)


def test_advancing_stops_at_each_due_moment_and_dates_the_events_there():
    async def tell(store, accounts, delivery):
        await store.messages.accept(message("m1", 5000.0, 1500.0, 90_000.0), b"", [])
        await delivery.advance(accounts.ready_made, 10_000)
        assert await delivered(store) == [(1500.0, "r1@x.test"), (5000.0, "r0@x.test")]
        assert accounts.ready_made.clock.now() == 11_000
        assert await store.queue.next_due() == {"default": 90_000.0}

    story(tell)


def test_a_message_deleted_before_its_attempt_leaves_no_event():
    async def tell(store, accounts, delivery):
        await store.messages.accept(message("m1", 500.0), b"", [])
        (due,) = await store.queue.due("default", 1000.0, 10)
        await store.clear("default")
        await store.queue.record("default", [delivery._attempt(accounts.ready_made, due)])
        assert await delivered(store) == []

    story(tell)


def test_the_loop_wakes_when_a_message_is_accepted():
    async def tell(store, accounts, delivery):
        loop = asyncio.ensure_future(delivery.run())
        await asyncio.sleep(0)
        await store.messages.accept(message("m1", 999.0), b"", [])
        delivery.wake()
        await asyncio.wait_for(tried.wait(), 10)
        assert await delivered(store) == [(1000.0, "r0@x.test")]
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)

    tried = asyncio.Event()
    story(tell, on_commit=lambda events: tried.set() if events[0].type == "recipient.delivered" else None)
