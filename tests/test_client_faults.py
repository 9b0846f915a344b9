"""Forced errors as blocks and decorators, in sequences, and those that nobody met."""

import smtplib

import pytest

from sandbox.client import ApiError

BUSY = "oci.smtp.455.per-minute"
MAIL = "From: noreply@example.com\r\nSubject: x\r\n\r\nx"


def attempt(box):
    """Status of the reply that ends an attempt to send."""
    try:
        with box.oci.smtp.connect() as smtp:
            smtp.sendmail("noreply@example.com", ["ann@example.net"], MAIL)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    return 250


def test_an_error_strikes_as_often_as_told_after_as_many_as_told(email_sandbox):
    with email_sandbox.fault(BUSY, times=2, after=1):
        assert [attempt(email_sandbox) for _ in range(5)] == [250, 455, 455, 250, 250]


def test_errors_in_a_sequence_follow_each_other_whatever_their_stages(email_sandbox):
    """The second strikes at an earlier stage; it waits until the first was met, and one attempt passes in between."""
    entries = {entry.id: entry for entry in email_sandbox.errors("oci")}
    first = next(e for e in entries.values() if e.channel == "smtp" and "MAIL" in e.stages and e.status == 455)
    second = next(e for e in entries.values() if e.channel == "smtp" and e.stages[0] == "AUTH" and e.status >= 500)
    with email_sandbox.fault(first.id, None, second.id):
        assert [attempt(email_sandbox) for _ in range(4)] == [455, 250, second.status, 250]

    assert email_sandbox.unfired() == []


def test_a_decorated_function_meets_the_error_at_every_call(email_sandbox):
    @email_sandbox.fault(BUSY, times=1)
    def send_twice():
        return [attempt(email_sandbox), attempt(email_sandbox)]

    assert send_twice() == [455, 250]
    assert attempt(email_sandbox) == 250
    assert send_twice() == [455, 250]


def test_a_sequence_with_an_unknown_error_arms_nothing(email_sandbox):
    with pytest.raises(ApiError, match="nonsense"), email_sandbox.fault(BUSY, "oci.smtp.nonsense"):
        pass

    assert email_sandbox.faults() == []
    assert email_sandbox.unfired() == []


@pytest.mark.parametrize("errors", [(), (None,)])
def test_a_fault_without_an_error_is_refused(email_sandbox, errors):
    with pytest.raises(TypeError, match="name the error"):
        email_sandbox.fault(*errors)


@pytest.mark.email_sandbox(must_fire=False)
def test_what_nobody_met_is_known(email_sandbox):
    with email_sandbox.fault(BUSY):
        pass
    armed = email_sandbox.add_fault(BUSY, recipient="nobody@example.net")

    assert [fault.fired for fault in email_sandbox.unfired()] == [0, 0]
    assert email_sandbox.unfired()[1].id == armed.id
    email_sandbox.clear_faults()
    assert email_sandbox.unfired() == []


def test_the_newest_rule_decides_and_goes_with_its_block(email_sandbox):
    with email_sandbox.rules.adding(recipient="*@example.net", outcome="hard_bounced", reply="550 5.1.1 No such user"):
        assert attempt(email_sandbox) == 250
        message = email_sandbox.wait_for(to="ann@example.net")
        assert message.outcome("ann@example.net") == "hard_bounced"
    assert len(email_sandbox.rules) == 0

    (report,) = email_sandbox.reports()
    assert (report.message, report.about) == (message.id, ["ann@example.net"])
    assert report.email.get_content_type() == "multipart/report"
    assert [one.id for one in email_sandbox.reports(message)] == [report.id]


def test_a_complaint_is_simulated_for_the_only_recipient(email_sandbox):
    attempt(email_sandbox)
    message = email_sandbox.wait_for(outcome="delivered")

    done = email_sandbox.simulate("complaint", message)

    assert (done.event, done.recipient) == ("recipient.complained", "ann@example.net")
    with pytest.raises(ApiError):
        email_sandbox.simulate("complaint", message, "stranger@example.net")
