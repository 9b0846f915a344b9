"""Forced errors: where they strike, whom, and how often."""

from random import Random

import pytest

from sandbox.core.catalog import load
from sandbox.core.faults import FaultContext, Faults, magic_error, make_fault
from sandbox.core.model import Stage

ENTRY = load(
    "oci",
    """
[[error]]
id = "smtp.452.storage"
status = 452
text = "System storage error"
stages = ["MAIL", "RCPT", "BODY"]
source = "a page"
evidence = "documented"
trigger = "a full disk"
""",
).get("smtp.452.storage")
CONTEXT = FaultContext(client="127.0.0.1:9", user="u", sender="a@x.test", recipients=("r@y.test", "S@z.test"))


def armed(**wish):
    faults = Faults(Random(1))
    faults.add(make_fault("f1", ENTRY, wish))
    return faults


def strikes(faults, stage=Stage.MAIL, context=CONTEXT):
    return faults.check("oci", stage, context) is not None


def test_a_fault_strikes_at_the_first_stage_of_its_row():
    assert strikes(armed())
    assert not strikes(armed(), Stage.RCPT)
    assert armed().check("ses", Stage.MAIL, CONTEXT) is None


def test_a_matched_recipient_moves_the_stage_to_where_recipients_are_known():
    faults = armed(match={"recipient": "s@z.*"})
    assert not strikes(faults)
    assert strikes(faults, Stage.RCPT)
    assert not strikes(faults, Stage.RCPT, FaultContext(recipients=("other@z2.test",)))


def test_a_stage_can_be_chosen_among_those_of_the_row():
    assert strikes(armed(stage="body"), Stage.BODY)
    with pytest.raises(ValueError, match="can be forced at MAIL, RCPT, BODY"):
        armed(stage="AUTH")


def test_times_and_after_count_occasions():
    faults = armed(times=2, after=1)
    assert [strikes(faults) for _ in range(5)] == [False, True, True, False, False]
    assert faults.all()[0].fired == 2


def test_probability_is_drawn_from_the_given_generator():
    faults = armed(probability=0.5)
    drawn = [strikes(faults) for _ in range(200)]
    assert 60 < sum(drawn) < 140
    assert not any(strikes(armed(probability=0)) for _ in range(20))


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ({"times": 0}, "times"),
        ({"times": True}, "times"),
        ({"after": -1}, "after"),
        ({"probability": 2}, "probability"),
        ({"match": {"colour": "red"}}, "colour"),
        ({"match": {"subject": "x"}, "stage": "RCPT"}, None),
    ],
)
def test_wrong_wishes_say_what_is_accepted(wish, complaint):
    if complaint is None:
        assert not strikes(armed(**wish), Stage.RCPT)
        return
    with pytest.raises(ValueError, match=complaint):
        armed(**wish)


def test_removing_and_clearing_disarm():
    faults = armed()
    assert faults.remove("f1")
    assert not faults.remove("f1")
    assert not strikes(faults)


def test_magic_recipients_name_a_row():
    assert magic_error("oci.smtp.452.storage@fault.email-sandbox.test") == "oci.smtp.452.storage"
    assert magic_error("oci.smtp.452.storage@FAULT.email-sandbox.test") == "oci.smtp.452.storage"
    assert magic_error("someone@example.com") is None
    assert magic_error("@fault.email-sandbox.test") is None
