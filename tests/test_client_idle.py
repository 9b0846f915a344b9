"""Being sure that no message comes: decided without sleeping, by what is still going on."""

import smtplib
import threading
import time

import pytest

from sandbox.client import NotIdleError, UnexpectedMessageError

MAIL = "From: noreply@example.com\r\nSubject: Welcome\r\n\r\nHello\r\n"


def connect(box):
    return box.oci.smtp.connect()


def send(box):
    with connect(box) as smtp:
        smtp.sendmail("noreply@example.com", ["ann@example.net"], MAIL)


def test_it_is_decided_at_once_when_nobody_is_connected(email_sandbox):
    started = time.monotonic()

    email_sandbox.assert_no_message(timeout=300)

    assert time.monotonic() - started < 100


def test_a_message_that_matches_is_told(email_sandbox):
    send(email_sandbox)

    email_sandbox.assert_no_message(subject="Goodbye")
    with pytest.raises(UnexpectedMessageError) as caught:
        email_sandbox.assert_no_message("channel:smtp", subject="Welcome")

    assert str(caught.value).splitlines() == [
        "expected no message with query='channel:smtp', subject='Welcome', found 1:",
        "  noreply@example.com -> ann@example.net  'Welcome'",
    ]


def test_an_open_transaction_is_waited_for(email_sandbox):
    """A message whose MAIL was heard is on its way; whatever comes of it decides."""
    with connect(email_sandbox) as smtp:
        smtp.mail("noreply@example.com")
        smtp.rcpt("ann@example.net")
        waiting = threading.Event()

        def finish():
            waiting.wait(60)
            smtp.data(MAIL)

        thread = threading.Thread(target=finish)
        thread.start()
        timer = threading.Timer(0.2, waiting.set)
        timer.start()
        with pytest.raises(UnexpectedMessageError, match="'Welcome'"):
            email_sandbox.assert_no_message(timeout=300)
        thread.join()
        timer.join()


def test_a_transaction_that_is_given_up_ends_the_wait(email_sandbox):
    with connect(email_sandbox) as smtp:
        smtp.mail("noreply@example.com")
        with pytest.raises(NotIdleError):
            email_sandbox.assert_no_message(timeout=0)

        def give_up():
            smtp.rset()
            smtp.mail("")  # refused: the transaction is over, the conversation was used

        timer = threading.Timer(0.2, give_up)
        timer.start()
        email_sandbox.assert_no_message(timeout=300)
        timer.join()


def test_a_transaction_that_stays_open_is_told_with_its_transcript(email_sandbox):
    with connect(email_sandbox) as smtp:
        smtp.mail("noreply@example.com")
        with pytest.raises(NotIdleError) as caught:
            email_sandbox.assert_no_message(timeout=0.05)

    lines = str(caught.value).splitlines()
    assert lines[0] == "can't tell that no message comes: after 0.05 s these are still sending (1):"
    assert lines[1].startswith("  oci smtp from 127.0.0.1:")
    assert any("mail from:<noreply@example.com>" in line.lower() for line in lines)


def test_a_connection_that_is_kept_open_between_messages_is_quiet(email_sandbox):
    with connect(email_sandbox) as smtp:
        smtp.sendmail("noreply@example.com", ["ann@example.net"], MAIL)
        email_sandbox.clear()
        started = time.monotonic()

        email_sandbox.assert_no_message(timeout=300)

        assert time.monotonic() - started < 100


def test_a_program_that_has_just_connected_is_waited_for(email_sandbox):
    connection = email_sandbox.oci.smtp
    smtp = smtplib.SMTP(connection.host, connection.port, timeout=60)
    timer = threading.Timer(0.2, smtp.close)
    started = time.monotonic()
    timer.start()

    email_sandbox.assert_no_message(timeout=300)

    assert 0.1 < time.monotonic() - started < 100
    timer.join()


def test_a_deferred_message_is_no_reason_to_wait(email_sandbox):
    email_sandbox.rules.add(recipient="ann@example.net", outcome="deferred", reply="450 4.2.1 later")
    send(email_sandbox)

    email_sandbox.assert_no_message(outcome="delivered", timeout=300)
