"""Work that nobody waits for: it steps back for clients, but keeps up in the end."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.restraint import PATIENCE, Restraint

REST = 4.0


def test_it_rests_several_times_as_long_as_it_worked():
    assert Restraint(REST).rest(0.5, behind=False) == 0.5 * REST


def test_the_longer_it_is_behind_the_less_it_rests_and_then_begins_anew():
    restraint = Restraint(REST)
    rests = [restraint.rest(1.0, behind=True) for _ in range(PATIENCE)]
    assert rests == sorted(rests, reverse=True)
    assert rests[-1] == REST / 2
    assert restraint.rest(1.0, behind=False) == REST


@given(st.floats(0.01, 10), st.floats(0.001, 1.0))
def test_no_load_is_too_much_for_it(mail, cost):
    """As long as the work alone takes less time than mail takes to come, the backlog stops growing."""
    share = mail * cost  # seconds of work for a second's mail
    restraint, rounds = Restraint(REST), 0
    while share < 0.99 and 1 / (1 + restraint.rest(1.0, behind=True)) < share:
        rounds += 1
        assert rounds < 100 * REST * PATIENCE
