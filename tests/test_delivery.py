"""Delivery on the account's clock: attempts, retries, bounces, suppressions, reports, and each at its time."""

import asyncio
import time
from collections import Counter

import pytest
from delivery_story import NOW, story
from report_checks import arf as arf_faults
from report_checks import dsn as dsn_faults

from sandbox.core.attempts import FollowUp
from sandbox.core.delivery import FAIR
from sandbox.core.errors import NotFoundError
from sandbox.core.magic import OUTCOME_DOMAIN
from sandbox.core.retries import DAY
from sandbox.core.store import writer as store_writer


def test_only_what_is_due_is_tried():
    async def tell(this):
        await this.accept("m1", {"r0@x.test": 999.0, "r1@x.test": 1001.0})
        await this.delivery.run_due()
        await this.delivery.run_due()
        assert await this.events() == [(NOW, "recipient.delivered", "r0@x.test")]

    story(tell)


def test_who_stops_waiting_for_a_delivery_does_not_have_it_done_twice():
    """A list that is asked for delivers what is due first; its client may leave while that is being written."""

    async def tell(this):
        await this.accept("m1", {"r0@x.test": 999.0})
        record, begun = this.store.queue.record, asyncio.Event()

        async def commit(*arguments, **more):
            await asyncio.sleep(0.05)
            return await record(*arguments, **more)

        async def slowly(*arguments, **more):
            """As the store does it: a job that was handed in is done, whoever waits for it."""
            begun.set()
            return await asyncio.shield(commit(*arguments, **more))

        this.store.queue.record = slowly
        first = asyncio.create_task(this.delivery.run_due())
        await begun.wait()
        first.cancel()
        await this.delivery.run_due()
        assert first.cancelled()
        assert await this.events() == [(NOW, "recipient.delivered", "r0@x.test")]

    story(tell)


def test_advancing_moves_the_clock_by_what_was_asked_for_however_long_it_takes():
    async def tell(this):
        nonlocal now
        due, now = this.store.queue.next_due, NOW

        async def slowly():
            nonlocal now
            now += 7.0
            return await due()

        this.store.queue.next_due = slowly
        await this.accept("m1", {"r0@x.test": NOW + 50, "r1@x.test": NOW + 107})
        await this.delivery.advance(this.account, 100)
        assert this.account.clock.offset == 100
        assert [who for _, _, who in await this.events()] == ["r0@x.test", "r1@x.test"]

    now = NOW
    story(tell, source=lambda: now)


def test_advancing_stops_at_each_due_moment_and_dates_the_events_there():
    async def tell(this):
        await this.accept("m1", {"r0@x.test": 5000.0, "r1@x.test": 1500.0, "r2@x.test": 90_000.0})
        await this.delivery.advance(this.account, 10_000)
        assert [(at, who) for at, _, who in await this.events()] == [(1500.0, "r1@x.test"), (5000.0, "r0@x.test")]
        assert this.account.clock.now() == 11_000
        assert await this.store.queue.next_due() == {"default": 90_000.0}

    story(tell)


def test_recipients_of_one_message_are_dealt_with_together():
    """However many others are due before and after them: one report tells of all that failed."""

    async def tell(this):
        bad = [f"{kind}@{OUTCOME_DOMAIN}" for kind in ("unknown-user", "spam")]
        await this.accept("before", [f"r{n}@x.test" for n in range(FAIR - 1)])
        await this.accept("many", [bad[0], *(f"r{n}@x.test" for n in range(2 * FAIR)), bad[1]])
        await this.accept("after", [f"r{n}@x.test" for n in range(FAIR)])
        await this.delivery.run_due()
        (report,) = await this.store.reports.of_message("default", "many")
        assert set(report.about) == set(bad)
        assert await this.store.queue.next_due() == {}

    story(tell)


def test_what_is_merely_delivered_needs_no_thread(monkeypatch):
    """A thread asks for the interpreter after each row, and clients wait for it."""
    for name in ("SLOW_SECONDS", "STALL_SECONDS"):  # a crowded machine would make the store take one
        monkeypatch.setattr(store_writer, name, 600.0)

    async def tell(this):
        await this.accept("m0", ["first@x.test"])
        await this.delivery.run_due()  # which reads the resources
        for number in range(2 * FAIR):
            await this.accept(f"m{number + 1}", ["next@x.test"])
        writer = this.store.database._writer
        handed, finish = [], writer._finish
        writer._finish = lambda batch: (handed.append(batch), finish(batch))
        assert await this.delivery._run_round() is None
        assert handed == []
        assert set((await this.outcomes("m1")).values()) == {"delivered"}
        assert handed  # what looks at the outcomes does

    story(tell)


def test_a_hard_bounce_tells_the_sender_and_suppresses_the_address():
    async def tell(this):
        bad = f"Unknown-User@{OUTCOME_DOMAIN}"
        await this.accept("m1", [bad, "ok@x.test", f"spam@{OUTCOME_DOMAIN}"])
        await this.delivery.run_due()
        assert (await this.outcomes("m1"))[bad] == "hard_bounced"
        (report,) = await this.store.reports.of_message("default", "m1")
        assert (report.kind, report.recipient, set(report.about)) == (
            "failed",
            "app@b.test",
            {bad, f"spam@{OUTCOME_DOMAIN}"},
        )
        assert dsn_faults(await this.store.reports.raw("default", report.id)) == []
        entry = await this.store.resources.find("default", "plain", "suppression", bad.lower())
        assert entry.data["reason"] == "hard-bounce"
        assert entry.data["message"] == "m1@b.test"
        assert entry.data["detail"].startswith("550 5.1.1")

    story(tell)


def test_a_suppressed_address_is_not_tried_and_is_tried_again_once_removed():
    async def tell(this):
        bad = f"unknown-user@{OUTCOME_DOMAIN}"
        await this.accept("m1", [bad])
        await this.delivery.run_due()
        await this.accept("m2", [bad])
        await this.delivery.run_due()
        assert (await this.outcomes("m2")) == {bad: "suppressed"}
        await this.store.resources.remove(await this.store.resources.find("default", "plain", "suppression", bad))
        await this.accept("m3", [bad])
        await this.delivery.run_due()
        assert (await this.outcomes("m3")) == {bad: "hard_bounced"}

    story(tell)


def test_nobody_is_told_when_mail_from_the_null_sender_bounces():
    async def tell(this):
        await this.accept("m1", [f"unknown-user@{OUTCOME_DOMAIN}"], mail_from="")
        await this.delivery.run_due()
        assert await this.store.reports.of_message("default", "m1") == []

    story(tell)


@pytest.mark.parametrize(
    ("notify", "kinds"),
    [("NEVER", []), ("FAILURE", ["failed"]), ("DELAY", ["delayed"]), ("delay,failure", ["delayed", "failed"])],
)
def test_the_sender_is_told_what_it_asked_to_be_told(notify, kinds):
    async def tell(this):
        full = f"full@{OUTCOME_DOMAIN}"
        await this.accept("m1", [full], rcpt_params={full: {"NOTIFY": notify, "ORCPT": "rfc822;first@x.test"}})
        await this.delivery.advance(this.account, 4 * DAY)
        reports = await this.store.reports.of_message("default", "m1")
        assert [one.kind for one in reports] == kinds
        for one in reports:
            assert b"Original-Recipient: rfc822;first@x.test" in await this.store.reports.raw("default", one.id)

    story(tell)


def test_greylisting_delays_and_delivers():
    async def tell(this):
        await this.accept("m1", [f"greylisted@{OUTCOME_DOMAIN}"])
        await this.delivery.advance(this.account, DAY)
        assert [(at - NOW, kind) for at, kind, _ in await this.events()] == [
            (0, "recipient.deferred"),
            (300, "recipient.delivered"),
        ]

    story(tell)


def test_a_full_mailbox_is_warned_about_once_then_given_up_after_three_days():
    async def tell(this):
        await this.accept("m1", [f"full@{OUTCOME_DOMAIN}"])
        await this.delivery.advance(this.account, 4 * DAY)
        kinds = Counter(kind for _, kind, _ in await this.events())
        assert kinds["recipient.soft_bounced"] == 1
        assert kinds["recipient.deferred"] > 8
        delayed, failed = await this.store.reports.of_message("default", "m1")
        assert (delayed.kind, failed.kind) == ("delayed", "failed")
        assert delayed.created - NOW >= 4 * 3600
        assert 2 * DAY < failed.created - NOW <= 3 * DAY
        for report in (delayed, failed):
            assert dsn_faults(await this.store.reports.raw("default", report.id)) == []
        assert await this.store.queue.next_due() == {}

    story(tell)


def test_repeated_soft_bounces_suppress_at_the_threshold_and_a_delivery_starts_the_count_again():
    async def tell(this):
        full = f"full@{OUTCOME_DOMAIN}"

        async def suppressed():
            return await this.store.resources.find("default", "plain", "suppression", full) is not None

        for number in range(2):
            assert not await suppressed()
            await this.accept(f"m{number}", [full], accepted=this.account.clock.now())
            await this.delivery.advance(this.account, 4 * DAY)
        assert await suppressed()

    story(tell, soft_bounces=2)


@pytest.mark.parametrize(
    ("name", "event", "outcome", "suppresses", "report"),
    [
        ("complaint", "complained", "delivered", "complaint", "complaint"),
        ("unsubscribe", "unsubscribed", "delivered", "unsubscribe", None),
        ("bounce-later", "hard_bounced", "hard_bounced", "hard-bounce", "failed"),
    ],
)
def test_what_happens_after_delivery(name, event, outcome, suppresses, report):
    async def tell(this):
        address = f"{name}@{OUTCOME_DOMAIN}"
        await this.accept("m1", [address])
        await this.delivery.advance(this.account, 120)
        assert [(at - NOW, kind) for at, kind, _ in await this.events("recipient.delivered", f"recipient.{event}")] == [
            (0, "recipient.delivered"),
            (60, f"recipient.{event}"),
        ]
        assert (await this.outcomes("m1"))[address] == outcome
        entry = await this.store.resources.find("default", "plain", "suppression", address)
        assert entry.data["reason"] == suppresses
        kinds = [one.kind for one in await this.store.reports.of_message("default", "m1")]
        assert kinds == ([report] if report else [])
        if report == "complaint":
            (made,) = await this.store.reports.of_message("default", "m1")
            assert arf_faults(await this.store.reports.raw("default", made.id)) == []

    story(tell)


@pytest.mark.parametrize("follow_up", list(FollowUp))
def test_everything_can_be_simulated_at_once(follow_up):
    async def tell(this):
        await this.accept("m1", ["Ann@x.test"])
        await this.delivery.run_due()
        done = await this.delivery.simulate(this.account, "m1", "ann@X.test", follow_up)
        assert (NOW, f"recipient.{done.event}", "Ann@x.test") in await this.events()
        with pytest.raises(NotFoundError, match="no recipient"):
            await this.delivery.simulate(this.account, "m1", "bob@x.test", follow_up)

    story(tell)


def test_a_message_deleted_before_its_attempt_leaves_no_event():
    async def tell(this):
        await this.accept("m1", [f"unknown-user@{OUTCOME_DOMAIN}"])
        (due,) = await this.store.queue.due("default", NOW, 10)
        outcomes = await this.delivery._outcomes.round(this.account)
        done = [await this.delivery._perform(this.account, outcomes, due, NOW)]
        await this.store.clear("default")
        await this.delivery._record(this.account, done, NOW)
        assert await this.events() == []
        assert await this.store.reports.page("default") == []

    story(tell)


def test_the_loop_wakes_when_a_message_is_accepted():
    async def tell(this):
        loop = asyncio.ensure_future(this.delivery.run())
        await asyncio.sleep(0)
        await this.accept("m1", ["r0@x.test"])
        this.delivery.wake()
        await asyncio.wait_for(tried.wait(), 60)
        assert await this.events() == [(NOW, "recipient.delivered", "r0@x.test")]
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)

    tried = asyncio.Event()
    story(tell, on_commit=lambda events: tried.set() if events[0].type == "recipient.delivered" else None)


def test_the_store_does_not_take_a_delivery_for_a_client_who_comes_again(monkeypatch):
    """It would keep others waiting for it."""

    async def tell(this):
        await this.accept("m1", ["r0@x.test"])
        writer, jobs = this.store.database._writer, []
        put = writer.put
        monkeypatch.setattr(writer, "put", lambda job: (jobs.append(job), put(job)))
        await this.delivery._run_round()
        recorded = [job for job in jobs if job.quick and job.work.__name__ == "_record_all"]
        assert recorded
        assert not any(job.clients for job in recorded)

    story(tell)


def test_the_loop_comes_back_by_itself_for_what_is_due_later():
    """Also when what it did meanwhile leaves nothing to do."""

    async def tell(this):
        loop = asyncio.ensure_future(this.delivery.run())
        await asyncio.sleep(0)
        await this.accept("m1", {"later@x.test": NOW + 0.3})
        await this.accept("m2", {"now@x.test": NOW})
        this.delivery.wake()
        await asyncio.wait_for(tried["now@x.test"].wait(), 60)
        await asyncio.wait_for(tried["later@x.test"].wait(), 60)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)

    def note(events):
        for event in events:
            if event.type == "recipient.delivered":
                tried[event.recipient].set()

    begun = time.monotonic()
    tried = {"now@x.test": asyncio.Event(), "later@x.test": asyncio.Event()}
    story(tell, on_commit=note, source=lambda: NOW + time.monotonic() - begun)
