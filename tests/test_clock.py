"""Domain time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.clock import Clock, parse_duration, parse_instant, to_iso


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("24h", 86400), ("1d12h", 129600), ("250ms", 0.25), ("15 m", 900), ("7d", 604800), ("30", 30)],
)
def test_durations_as_people_write_them(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "1y", "-5s", "1h!", "1h 5", "soon"])
def test_what_is_no_duration_is_refused_with_examples(text):
    with pytest.raises(ValueError, match="write 90s"):
        parse_duration(text)


@given(st.floats(min_value=0, max_value=4e9))
def test_an_instant_survives_being_written_and_read(seconds):
    assert abs(parse_instant(to_iso(seconds)).timestamp() - seconds) <= 0.001


def test_an_instant_without_offset_is_utc():
    assert parse_instant("2026-01-31T12:00:00") == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert parse_instant("2026-01-31T12:00:00+02:00") == datetime(2026, 1, 31, 10, tzinfo=UTC)


def test_the_clock_moves_by_hand_and_returns_to_real_time():
    clock = Clock(lambda: 1000.0)
    clock.advance(60)
    assert clock.now() == 1060
    assert clock.real_delay(1100) == 40
    clock.set(5000)
    assert clock.now() == 5000
    assert clock.real_delay(10) == 0
    clock.reset()
    assert clock.now() == 1000


def test_the_clock_never_steps_back_by_accident():
    with pytest.raises(ValueError, match="forward"):
        Clock().advance(-1)
