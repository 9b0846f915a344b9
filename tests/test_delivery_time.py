"""Delivery while time passes: every event once and at its moment, and quickly."""

import time
from collections import Counter

from delivery_story import NOW, story
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.attempts import Attempt, Verdict
from sandbox.core.magic import MAGIC, OUTCOME_DOMAIN, magic_decision
from sandbox.core.retries import DAY, RetrySchedule


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
        started = time.process_time()
        await this.delivery.advance(this.account, 3 * DAY)
        assert time.process_time() - started < 30
        kinds = Counter(kind for _, kind, _ in await this.events())
        assert kinds == {"recipient.deferred": 30_000, "recipient.delivered": 10_000}

    story(tell)
