"""Rolling windows of a minute and a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import Condition, Refusal
from sandbox.core.quota import DAY, MINUTE, Ledger, Limits


def test_the_minute_window_refuses_and_frees_itself():
    ledger, limits = Ledger(), Limits(per_minute=2)
    ledger.add(1000.2, 1)
    ledger.add(1030.9, 1)
    with pytest.raises(Refusal) as refused:
        ledger.check(1050, 1, limits)
    assert (refused.value.reason, refused.value.params) == (Condition.OVER_MINUTE_LIMIT, {"limit": 2})
    ledger.check(1061, 1, limits)


def test_the_day_window_counts_what_the_minute_has_forgotten():
    ledger, limits = Ledger(), Limits(per_minute=100, per_day=3)
    for at in (1000, 5000, 9000):
        ledger.add(at, 1)
    with pytest.raises(Refusal) as refused:
        ledger.check(10_000, 1, limits)
    assert refused.value.reason is Condition.OVER_DAY_LIMIT
    ledger.check(1001 + DAY, 1, limits)


def test_what_was_reserved_can_be_given_back():
    ledger = Ledger()
    ledger.add(100, 5)
    ledger.add(100, -5)
    assert ledger.used(100).day == 0


moments = st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(1, 5)), max_size=30)


@given(moments, st.lists(st.integers(0, 3 * DAY), min_size=1, max_size=5))
def test_the_ledger_agrees_with_counting_everything_again(entries, looks):
    """Also when the clock is set back between looks, as long as it was not looked at from further ahead than a day."""
    ledger = Ledger()
    for at, units in entries:
        ledger.add(at, units)
    newest = 0
    for now in sorted(looks):
        newest = max(newest, now)
        used = ledger.used(now)
        assert used.day == sum(units for at, units in entries if now - DAY < at <= now)
        assert used.minute == sum(units for at, units in entries if now - MINUTE < at <= now)


def test_a_rate_lets_a_burst_through_and_makes_it_pay_afterwards():
    ledger, limits = Ledger(), Limits(per_second=1)
    ledger.check(100.0, 5, limits, 5)
    ledger.add(100.0, 5, 5)
    for moment in (100.0, 103.9):
        with pytest.raises(Refusal) as refused:
            ledger.check(moment, 1, limits, 1)
        assert refused.value.reason is Condition.OVER_RATE
    ledger.check(104.5, 1, limits, 1)


def test_a_rate_counts_recipients_that_use_no_quota():
    ledger, limits = Ledger(), Limits(per_second=2, per_day=1)
    ledger.add(100.0, 0, 2)
    assert ledger.used(100.0).day == 0
    with pytest.raises(Refusal) as refused:
        ledger.check(100.0, 0, limits, 1)
    assert refused.value.reason is Condition.OVER_RATE
    ledger.check(101.0, 1, limits, 1)


def test_what_was_given_back_is_not_owed():
    ledger, limits = Ledger(), Limits(per_second=1)
    ledger.add(100.0, 3, 3)
    ledger.add(100.0, -3, -3)
    ledger.check(100.0, 1, limits, 1)


def test_a_clock_that_is_set_back_owes_nothing():
    ledger, limits = Ledger(), Limits(per_second=1)
    ledger.add(100.0, 5, 5)
    ledger.check(105.0, 1, limits, 1)
    ledger.add(105.0, 5, 5)
    ledger.check(50.0, 1, limits, 1)
