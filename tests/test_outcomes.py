"""What attempts come to: retry schedule, rules, magic addresses, as tables."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.accounts import Accounts
from sandbox.core.attempts import Attempt, Decision, FollowUp, Verdict
from sandbox.core.magic import MAGIC, OUTCOME_DOMAIN, magic_decision
from sandbox.core.model import Resource
from sandbox.core.outcome_rules import make_rule
from sandbox.core.outcomes import Outcomes
from sandbox.core.retries import DAY, HOUR, MINUTE, RetrySchedule
from sandbox.core.store import Store

SCHEDULE = RetrySchedule()


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [(1, 5 * MINUTE), (2, 15 * MINUTE), (3, 30 * MINUTE), (4, HOUR), (7, 8 * HOUR), (20, 8 * HOUR)],
)
def test_the_pause_grows_and_then_stays(attempts, delay):
    assert SCHEDULE.next_attempt(0, 100, attempts) == 100 + delay


def test_after_three_days_delivery_gives_up():
    assert SCHEDULE.next_attempt(0, 3 * DAY - HOUR, 9) is None
    assert SCHEDULE.next_attempt(0, 3 * DAY - 9 * HOUR, 9) is not None


def test_the_sender_is_warned_once():
    walk = [0.0]
    while (due := SCHEDULE.next_attempt(0, walk[-1], len(walk))) is not None:
        walk.append(due)
    warned = [at for previous, at in zip([None, *walk], walk, strict=False) if SCHEDULE.warns(0, previous, at)]
    assert len(warned) == 1
    assert warned[0] >= 4 * HOUR


@given(st.floats(0, 3 * DAY), st.integers(1, 100), st.one_of(st.none(), st.floats(-5, DAY)))
def test_time_always_moves_on(now, attempts, wished):
    due = SCHEDULE.next_attempt(0, now, attempts, wished)
    assert due is None or now < due <= 3 * DAY


def magic(name, number=1):
    return magic_decision(Attempt(recipient=f"{name}@{OUTCOME_DOMAIN}", sender="a@b.c", number=number))


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("ok", "dd"),
        ("unknown-user", "pp"),
        ("unknown-user+label", "p"),
        ("full", "tttttttt"),
        ("full-then-ok", "tttdd"),
        ("greylisted", "tdd"),
        ("slow", "td"),
        ("reply-552-5.2.2-mailbox-full", "p"),
        ("reply-421", "t"),
        ("REPLY-250", "d"),
        ("nonsense", "p"),
    ],
)
def test_magic_addresses_choose_each_attempt(name, verdicts):
    kinds = {"d": Verdict.DELIVERED, "t": Verdict.TEMPORARY, "p": Verdict.PERMANENT}
    assert [magic(name, n + 1).verdict for n in range(len(verdicts))] == [kinds[letter] for letter in verdicts]


def test_a_magic_reply_is_used_word_for_word():
    assert magic("reply-552-5.2.2-mailbox-full").reply == "552 5.2.2 mailbox full"
    assert magic("complaint").follow_up is FollowUp.COMPLAINT
    assert magic_decision(Attempt(recipient="ok@example.com", sender="")) is None


def test_every_magic_address_says_what_it_does():
    assert all(row.about and row.name == name for name, row in MAGIC.items())


def attempt(**more):
    return Attempt(**{"recipient": "Ann@X.test", "sender": "app@b.test", "subject": "Reset", **more})


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        ({"recipient": "ann@x.test"}, True),
        ({"recipient": "*@X.TEST"}, True),
        ({"recipient": "bob@*"}, False),
        ({"subject": "re*", "sender": "*@b.test"}, True),
        ({"subject": "re*", "sender": "*@c.test"}, False),
        ({"headers": {"X-Kind": "bulk*"}}, True),
        ({"headers": {"x-kind": "single"}}, False),
        ({"headers": {"x-missing": "*"}}, True),
        ({"attempts": 1}, True),
    ],
)
def test_rules_match_with_wildcards_and_without_case(wish, fits):
    assert make_rule({"outcome": "deferred", **wish}).matches(attempt(headers={"x-kind": "bulk-mail"})) is fits
    assert not make_rule({"outcome": "deferred", "attempts": 1}).matches(attempt(number=2))


def test_the_outcome_follows_from_the_reply_when_only_that_is_given():
    assert make_rule({"reply": "451 4.7.1 later"}).decision.verdict is Verdict.TEMPORARY
    assert make_rule({"reply": "550 no"}).decision.verdict is Verdict.PERMANENT
    assert make_rule({"outcome": "deferred", "delay": "10m"}).decision.delay == 600
    assert make_rule({"then": "complaint", "after": "1h"}).decision.follow_up_after == 3600


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ({"outcome": "lost"}, "outcome is"),
        ({"reply": "no"}, "SMTP reply"),
        ({"reply": "550 x\r\n250 y"}, "SMTP reply"),
        ({"delay": "soon"}, "duration"),
        ({"then": "explode"}, "then is"),
        ({"attempts": 0}, "attempts"),
        ({"headers": "x"}, "headers"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_rules_say_what_is_accepted(wish, complaint):
    with pytest.raises(ValueError, match=complaint):
        make_rule(wish)


def simulator(attempt):
    if attempt.domain == "simulator.test":
        return Decision(verdict=Verdict.PERMANENT, reply="550 no", why="simulator")
    return None


class World:
    async def decide(self, account, domain):
        return Decision(verdict=Verdict.DELIVERED, reply="250 ok", why="dns")


def test_the_order_is_account_rules_settings_rules_magic_blackhole_dns():
    async def story():
        store = Store(None)
        accounts = Accounts(store, lambda: 5.0, seed=1)
        await accounts.load()
        account = accounts.ready_made
        outcomes = Outcomes(
            store,
            World(),
            blackhole={"hole.test"},
            rules=[make_rule({"recipient": "*@hole.test", "subject": "s"})],
            own={"plain": simulator},
        )

        async def why(recipient, **more):
            return (
                await (await outcomes.round(account)).decide(Attempt(recipient=recipient, sender="", **more), "none")
            ).why

        assert await why("a@hole.test") == "hole.test is a blackhole domain"
        assert await why("a@hole.test", subject="s") == "a rule"
        assert await why(f"ok@{OUTCOME_DOMAIN}") == "magic address ok"
        assert await why("a@x.test") == "dns"
        assert await why("a@simulator.test") == "dns"
        assert await why("a@simulator.test", provider="plain") == "simulator"
        rule = {"recipient": "*", "outcome": "hard_bounced"}
        await store.resources.add(
            Resource(
                account="default", provider="delivery", kind="rule", id="r1", key="r1", data=rule, created=1, updated=1
            )
        )
        assert await why("a@hole.test", subject="s") == "rule r1"
        await store.close()

    asyncio.run(story())


def test_a_round_looks_each_domain_up_once():
    asked = []

    class Domains:
        async def decide(self, account, domain):
            asked.append(domain)
            return Decision(verdict=Verdict.DELIVERED, reply="250 ok", mta=f"mx.{domain}")

    async def story():
        store = Store(None)
        accounts = Accounts(store, lambda: 5.0, seed=1)
        await accounts.load()
        outcomes = Outcomes(store, Domains())
        found = []
        for _ in range(2):
            deciding = await outcomes.round(accounts.ready_made)
            attempts = [Attempt(recipient=one, sender="") for one in ("a@x.test", "b@y.test", "c@X.test")]
            found += [(await deciding.decide(attempt, "none")).mta for attempt in attempts]
        await store.close()
        return found

    assert asyncio.run(story()) == ["mx.x.test", "mx.y.test", "mx.x.test"] * 2
    assert asked == ["x.test", "y.test"] * 2
