"""Delivery on the account's clock: attempts, retries, bounces, suppressions, reports, and each at its time."""

import asyncio
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_provider import PlainRules, message
from report_checks import arf as arf_faults
from report_checks import dsn as dsn_faults

from sandbox.core.accounts import Accounts
from sandbox.core.attempts import Attempt, Decision, FollowUp, Verdict
from sandbox.core.delivery import FAIR, Delivery, DeliveryOptions
from sandbox.core.errors import NotFoundError
from sandbox.core.magic import MAGIC, OUTCOME_DOMAIN, magic_decision
from sandbox.core.outcomes import Outcomes
from sandbox.core.retries import DAY, RetrySchedule
from sandbox.core.store import Store

NOW = 1000.0


class World:
    """Every domain takes mail."""

    async def decide(self, account, domain):
        return Decision(verdict=Verdict.DELIVERED, reply="250 2.1.5 ok", mta="mx.test")


class Story:
    """One sandbox's delivery in memory, at a standing clock."""

    def __init__(self, on_commit=lambda _: None, soft_bounces=3):
        self.store = Store(None, on_commit)
        self.accounts = Accounts(self.store, lambda: NOW, seed=1)
        self.delivery = Delivery(
            store=self.store,
            accounts=self.accounts,
            rules={"plain": PlainRules(self.store)},
            outcomes=Outcomes(self.store, World(), blackhole={"hole.test"}),
            options=DeliveryOptions(soft_bounces=soft_bounces),
        )

    async def __aenter__(self):
        await self.accounts.load()
        self.account = self.accounts.ready_made
        return self

    async def __aexit__(self, *_):
        await self.store.close()

    async def accept(self, name, recipients, **more):
        wanted = recipients if isinstance(recipients, dict) else dict.fromkeys(recipients, NOW)
        await self.store.messages.accept(message(name, wanted, **more), b"From: a@b.c\r\n\r\nx\r\n", [])

    async def events(self, *kinds):
        found = await self.store.events.since("default", limit=1_000_000)
        return [(event.at, event.type, event.recipient) for event in found if not kinds or event.type in kinds]

    async def outcomes(self, name):
        return {r.address: str(r.outcome) for r in (await self.store.messages.get("default", name)).recipients}


def story(tell, **options):
    async def run():
        async with Story(**options) as this:
            await tell(this)

    asyncio.run(run())


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


def test_what_is_merely_delivered_needs_no_thread():
    """A thread asks for the interpreter after each row, and clients wait for it."""

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
        await asyncio.wait_for(tried.wait(), 10)
        assert await this.events() == [(NOW, "recipient.delivered", "r0@x.test")]
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)

    tried = asyncio.Event()
    story(tell, on_commit=lambda events: tried.set() if events[0].type == "recipient.delivered" else None)


def expected(address, accepted, until, schedule=RetrySchedule()):  # noqa: B008 - a frozen value
    """The model: what happens to one recipient, by walking the tables with a pencil."""
    found, at, number = [], accepted, 1
    while True:
        decision = magic_decision(Attempt(recipient=address, sender="", number=number))
        if decision.verdict is not Verdict.TEMPORARY:
            kind = "delivered" if decision.verdict is Verdict.DELIVERED else "hard_bounced"
            found.append((at, f"recipient.{kind}", address))
            if decision.follow_up:
                later = {"complaint": "complained", "unsubscribe": "unsubscribed", "bounce": "hard_bounced"}
                found.append((at + 60, f"recipient.{later[decision.follow_up]}", address))
            break
        due = schedule.next_attempt(accepted, at, number, decision.delay)
        found.append((at, "recipient.deferred" if due else "recipient.soft_bounced", address))
        if due is None:
            break
        at, number = due, number + 1
    return [event for event in found if event[0] <= until]


recipients = st.lists(
    st.tuples(st.sampled_from(sorted(MAGIC)), st.integers(0, 2000), st.integers(0, 10**6)),
    max_size=12,
    unique_by=lambda t: t[2],
)
steps = st.lists(st.floats(1, 2 * DAY), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(recipients, steps)
def test_any_walk_through_time_gives_each_event_once_at_its_moment(wanted, walk):
    async def tell(this):
        plan = []
        for name, later, label in wanted:
            address, accepted = f"{name}+{label}@{OUTCOME_DOMAIN}", NOW + later
            await this.accept(f"m{label}", {address: accepted}, accepted=accepted)
            plan += expected(address, accepted, NOW + sum(walk))
        for step in walk:
            await this.delivery.advance(this.account, step)
        happened = [event for event in await this.events() if event[1].startswith("recipient.")]
        assert sorted(happened) == sorted(plan)
        assert [at for at, *_ in happened] == sorted(at for at, *_ in happened)

    story(tell, soft_bounces=100)


def test_ten_thousand_recipients_pass_three_days_in_seconds():
    async def tell(this):
        for group in range(10):
            names = [f"full-then-ok+{group}-{n}@{OUTCOME_DOMAIN}" for n in range(1000)]
            await this.accept(f"m{group}", names)
        started = time.perf_counter()
        await this.delivery.advance(this.account, 3 * DAY)
        assert time.perf_counter() - started < 30
        kinds = Counter(kind for _, kind, _ in await this.events())
        assert kinds == {"recipient.deferred": 30_000, "recipient.delivered": 10_000}

    story(tell)
