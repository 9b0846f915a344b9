"""What a wait in vain tells: the nearest misses, what is deferred, what was refused and how it went."""

import smtplib
import statistics
import threading
import time

import pytest

from sandbox.client import NoMessageError
from sandbox.client.matching import terms_of


def send(box, subject="Welcome", to="ann@example.net", sender="noreply@example.com"):
    with box.oci.smtp.connect() as smtp:
        smtp.sendmail(sender, [to], f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nHello\r\n")


def explanation(box, *arguments, **matchers):
    with pytest.raises(NoMessageError) as caught:
        box.wait_for(*arguments, timeout=0.05, **matchers)
    return str(caught.value).splitlines()


def test_nothing_at_all_is_told_in_three_lines(email_sandbox):
    assert explanation(email_sandbox, to="ann@example.net") == [
        "no message matched to='ann@example.net' within 0.05 s",
        "nothing else arrived",
        "nothing was refused",
    ]


def test_the_nearest_miss_comes_first_with_the_field_that_differs(email_sandbox):
    send(email_sandbox, "Invoice", "bob@example.net")
    send(email_sandbox, "Welcome", "bob@example.net")
    send(email_sandbox, "Invoice", "cat@example.net")

    assert explanation(email_sandbox, subject="Welcome", to="ann@example.net", body="hello")[1:6] == [
        "arrived (3), nearest first:",
        "  noreply@example.com -> bob@example.net  'Welcome'",
        "      to is 'bob@example.net', not 'ann@example.net'",
        "  noreply@example.com -> cat@example.net  'Invoice'",
        "      subject is 'Invoice', not 'Welcome'",
    ]


def test_a_query_is_judged_term_by_term(email_sandbox):
    send(email_sandbox, "Welcome")
    send(email_sandbox, "Invoice", "bob@example.net")

    assert explanation(email_sandbox, 'subject:"Welcome" channel:https')[1:6] == [
        "arrived (2), nearest first:",
        "  noreply@example.com -> ann@example.net  'Welcome'",
        "      the query's channel:https does not match it",
        "  noreply@example.com -> bob@example.net  'Invoice'",
        '      the query\'s subject:"Welcome" does not match it',
    ]


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", []),
        ("a subject:b", ["a", "subject:b"]),
        ('subject:"a b" AND -has:attachment', ['subject:"a b"', "-has:attachment"]),
        ("a OR b", ["a OR b"]),
        ("a (b c)", ["a (b c)"]),
    ],
)
def test_the_terms_of_a_query_are_those_that_all_have_to_match(query, terms):
    assert terms_of(query) == terms


def test_what_is_deferred_is_told_with_the_time_of_the_next_attempt(email_sandbox):
    email_sandbox.set_clock("2030-01-01T00:00:00Z")
    email_sandbox.rules.add(recipient="ann@example.net", outcome="deferred", reply="450 4.2.1 busy")
    send(email_sandbox)

    lines = explanation(email_sandbox, outcome="delivered")

    assert "      outcome is 'deferred', not 'delivered'" in lines
    at = lines.index("deferred (1):")
    assert lines[at + 1].startswith("  ann@example.net  'Welcome' until 2030-01-01T00:")
    assert lines[at + 1].endswith(": 450 4.2.1 busy")


def test_what_was_refused_is_told_with_its_id_its_remedy_and_the_conversation(email_sandbox):
    with pytest.raises(smtplib.SMTPResponseException):
        send(email_sandbox, sender="stranger@other.example")

    lines = explanation(email_sandbox, to="ann@example.net")

    assert lines[1:3] == ["nothing else arrived", "refused (1):"]
    assert "stranger@other.example not authorized (oci.smtp.535." in lines[3]
    assert lines[4].startswith("      ")
    said = [line.strip() for line in lines[5:]]
    assert any(line.lower().startswith("c: mail from:<stranger@other.example>") for line in said)
    assert any(line.startswith("S: 535 ") for line in said)
    assert not any(email_sandbox.oci.smtp.password in line for line in said)


def test_a_forced_refusal_is_told_to_be_forced(email_sandbox):
    with email_sandbox.fault("oci.smtp.455.per-minute"), pytest.raises(smtplib.SMTPException):
        send(email_sandbox)

    lines = explanation(email_sandbox)

    assert any("(forced, oci.smtp.455.per-minute at " in line for line in lines)


def test_several_that_were_wanted_are_told_by_their_number(email_sandbox):
    send(email_sandbox)
    with pytest.raises(NoMessageError, match=r"^no 2 messages matched subject='Welcome' within 0.05 s\narrived \(1\)"):
        email_sandbox.wait(count=2, timeout=0.05, subject="Welcome")


def test_a_message_wakes_who_waits_for_it(email_sandbox):
    """Pushed and not polled: the time from the reply to the end of the wait is milliseconds, whatever was waited."""
    took, calls = [], []
    with email_sandbox.oci.smtp.connect() as smtp:
        for number in range(15):
            arrived = []
            thread = threading.Thread(
                target=lambda n=number, found=arrived: found.append(
                    (email_sandbox.wait_for(subject=f"Number {n} ", timeout=120), time.perf_counter())
                )
            )
            thread.start()
            smtp.sendmail(
                "noreply@example.com",
                ["a@example.net"],
                f"From: noreply@example.com\r\nSubject: Number {number} x\r\n\r\n",
            )
            replied = time.perf_counter()
            thread.join()
            took.append(arrived[0][1] - replied)
            began = time.perf_counter()
            email_sandbox.messages()
            calls.append(time.perf_counter() - began)

    assert statistics.median(took) < max(0.05, 3 * statistics.median(calls))  # a crowded machine slows all calls down
