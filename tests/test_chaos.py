"""Disturbances of a connection: delayed, slowed down, cut before or after the commit, a failed TLS handshake."""

import http.client
import json
import smtplib
import ssl
import time
from random import Random
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from dialogues import sessions, settings_of
from oci_signing import Signer
from smtp_wire import Client, stored

from sandbox.app import Sandbox
from sandbox.cli import commands
from sandbox.client import ApiError
from sandbox.client import Client as Inspector
from sandbox.core.chaos import Action, Disturbance, read_disturbance
from sandbox.core.faults import FaultContext, Faults, make_fault
from sandbox.core.model import Stage

MESSAGE = b"From: noreply@example.com\r\nSubject: x\r\n\r\ntext\r\n"
SUBMIT = "/20220926/actions/submitEmail"
CONTEXT = FaultContext(client="127.0.0.1:9", sender="a@x.test")


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings_of("")) as sandbox:
        yield sandbox


@pytest.fixture
def api(running):
    with Inspector(running.url) as inspector:
        yield inspector


def last(sandbox):
    return sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]


def remarks(sandbox):
    return [line["text"] for line in last(sandbox).lines if line["side"] == "sandbox"]


def submit(sandbox):
    """Submit a message through the API; returns the status, or raises what the connection met."""
    oci, host = sandbox.ready["oci"], urlsplit(sandbox.url).netloc
    body = {
        "sender": {"compartmentId": oci["compartment"], "senderAddress": {"email": "noreply@example.com"}},
        "recipients": {"to": [{"email": "ada@example.org"}]},
        "subject": "Hello",
        "bodyText": "Hello",
    }
    octets = json.dumps(body).encode()
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.request("POST", SUBMIT, octets, Signer(oci).sign("POST", SUBMIT, {"host": host}, octets))
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


# over SMTP


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY"])
def test_a_delay_holds_the_session_up_at_its_stage_and_nothing_else_changes(sandbox, api, stage):
    with api.fault("delay", seconds=0.3, stage=stage, times=1):
        began = time.monotonic()
        client = Client(sandbox).login().envelope()
        assert client.message(MESSAGE) == b"250 Ok\r\n"
        took = time.monotonic() - began
        client.close()
    assert took >= 0.3
    assert "forced: delay of 0.3 seconds" in remarks(sandbox)


def test_a_client_that_gives_up_during_the_delay_has_sent_its_message_all_the_same(sandbox, api):
    """Its retry makes a duplicate, as with a slow server."""
    with api.fault("delay", seconds=1.5, times=1):
        client = Client(sandbox).login().envelope()
        assert client.say("DATA").startswith(b"354 ")
        client.send(MESSAGE + b".\r\n")
        client.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.reply()
        client.close()
        last(sandbox)
    assert len(stored(sandbox)) == 1


def test_a_cut_before_the_commit_keeps_nothing(sandbox, api):
    with api.fault("drop-before", times=1):
        client = Client(sandbox).login().envelope()
        assert said_or_cut(client, MESSAGE) == b""
        client.close()
        assert "forced: drop-before" in remarks(sandbox)
    assert stored(sandbox) == []


def shake_hands(sandbox, stands_for):
    port = next(entry["port"] for entry in sandbox.ready["oci"]["smtp"] if entry["stands_for"] == stands_for)
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    if stands_for == 465:
        smtplib.SMTP_SSL("localhost", port, context=context, timeout=60).close()
        return
    with smtplib.SMTP("localhost", port, timeout=60) as client:
        client.starttls(context=context)


def said_or_cut(client, message):
    try:
        return client.message(message)
    except (ConnectionError, ssl.SSLError):
        return b""


def test_a_cut_after_the_commit_makes_a_duplicate_of_a_retry(sandbox, api):
    """A program that sends again when the connection breaks has sent twice."""
    oci = sandbox.ready["oci"]
    port = next(entry["port"] for entry in oci["smtp"] if entry["stands_for"] == 587)

    def send():
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.starttls(context=ssl.create_default_context(cafile=sandbox.ready["ca_file"]))
            client.login(oci["smtp_username"], oci["smtp_password"])
            client.sendmail(oci["approved_sender"], ["reader@example.org"], MESSAGE)

    with api.fault("drop-after", recipient="reader@*", times=1):
        with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
            send()
        send()
    assert [octets for _, octets in stored(sandbox)] == [MESSAGE, MESSAGE]


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "STARTTLS", "MAIL"])
@pytest.mark.parametrize("action", ["drop-before", "drop-after"])
def test_a_connection_can_be_cut_at_any_stage(sandbox, api, action, stage):
    """A client meets it as a closed connection, and gets through the next time."""
    oci = sandbox.ready["oci"]
    port = next(entry["port"] for entry in oci["smtp"] if entry["stands_for"] == 587)

    def greet():
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
            client.starttls(context=ssl.create_default_context(cafile=sandbox.ready["ca_file"]))
            client.login(oci["smtp_username"], oci["smtp_password"])
            return client.mail("noreply@example.com")[0]

    with api.fault(action, stage=stage, times=1):
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError, ssl.SSLError)):
            greet()
        assert greet() == 250


@pytest.mark.parametrize("stands_for", [587, 465])
def test_a_handshake_can_be_made_to_fail(sandbox, api, stands_for):
    """The client gets an alert; the next attempt succeeds."""
    with api.fault("tls-handshake", times=1):
        with pytest.raises(ssl.SSLError, match=r"(?i)handshake failure"):
            shake_hands(sandbox, stands_for)
        assert "forced: tls-handshake" in remarks(sandbox)
        client = Client(sandbox, stands_for)
        assert client.reply().startswith(b"220 ")
        client.close()


def test_a_throttled_connection_carries_what_it_is_allowed(sandbox, api):
    """20 KB at 40 KB a second take half a second and arrive whole."""
    message = MESSAGE + (b"x" * 98 + b"\r\n") * 200
    with api.fault("throttle", bytes_per_second=40_000, times=1):
        client = Client(sandbox).login().envelope()
        began = time.monotonic()
        assert client.message(message) == b"250 Ok\r\n"
        took = time.monotonic() - began
        client.close()
    assert 0.4 < took < 30
    assert [octets for _, octets in stored(sandbox)] == [message]


def test_a_stop_does_not_wait_for_a_delay():
    sandbox = Sandbox(settings_of("")).start()
    with Inspector(sandbox.url) as api:
        api.add_fault("delay", seconds=60, stage="MAIL")
    client = Client(sandbox).login()
    client.send(b"MAIL FROM:<noreply@example.com>\r\n")
    began = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - began < 30
    assert client.reply().startswith(b"421 4.3.0 ")
    client.close()


def test_a_disturbance_and_an_error_may_meet(sandbox, api):
    with api.fault("delay", seconds=0.2, stage="MAIL"), api.fault("oci.smtp.455.per-minute", stage="MAIL"):
        client = Client(sandbox).login()
        began = time.monotonic()
        assert client.say("MAIL FROM:<noreply@example.com>").startswith(b"455 ")
        assert time.monotonic() - began >= 0.2
        client.close()


# over HTTPS


def test_a_submission_can_be_delayed_and_throttled(sandbox, api):
    for wish in ({"error": "delay", "seconds": 0.3}, {"error": "throttle", "bytes_per_second": 500}):
        with api.fault(wish.pop("error"), stage="REQUEST", times=1, **wish):
            began = time.monotonic()
            assert submit(sandbox) == 200
            assert time.monotonic() - began >= 0.15


@pytest.mark.parametrize(("action", "kept"), [("drop-before", 0), ("drop-after", 1)])
def test_a_submission_can_be_cut_off_before_and_after_the_commit(sandbox, api, action, kept):
    with api.fault(action, stage="REQUEST", times=1):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            submit(sandbox)
        assert f"forced: {action}" in remarks(sandbox)
        assert len(stored(sandbox)) == kept
        assert submit(sandbox) == 200
    assert len(stored(sandbox)) == kept + 1


# the same every time


def strikes(**wish):
    faults = Faults(Random(7))
    faults.add(make_fault("f", Disturbance(action=Action.DROP_BEFORE), {"stage": "MAIL", **wish}))
    return [faults.disturb(Stage.MAIL, CONTEXT) is not None for _ in range(40)]


def test_the_nth_attempt_can_be_chosen():
    assert [index for index, struck in enumerate(strikes(after=2, times=1)) if struck] == [2]


def test_a_seed_makes_chances_repeatable():
    first = strikes(probability=0.5, seed="a")
    assert first == strikes(probability=0.5, seed="a")
    assert first != strikes(probability=0.5, seed="b")
    assert 5 < sum(first) < 35


def test_a_sequence_goes_from_one_to_the_next(sandbox, api):
    """Cut off, then deferred, then fine: what a client that keeps trying meets."""
    with api.fault("drop-before", "oci.smtp.452.storage", stage="BODY"):
        client = Client(sandbox).login().envelope()
        assert said_or_cut(client, MESSAGE) == b""
        client.close()
        client = Client(sandbox).login().envelope()
        assert client.message(MESSAGE) == b"452 System storage error\r\n"
        assert client.envelope().message(MESSAGE) == b"250 Ok\r\n"
        client.close()


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"action": "explode"}, "action is one of delay, throttle"),
        ({"action": "delay"}, "seconds is a number"),
        ({"action": "delay", "seconds": 0}, "seconds is a number"),
        ({"action": "delay", "seconds": 7200}, "at most 3600"),
        ({"action": "delay", "seconds": True}, "seconds is a number"),
        ({"action": "throttle", "bytes_per_second": 0.5}, "at least 1"),
        ({"action": "drop-after", "seconds": 3}, "drop-after has no seconds"),
    ],
)
def test_a_wish_that_makes_no_sense_is_explained(wish, reason):
    with pytest.raises(ValueError, match=reason):
        read_disturbance(wish)


def test_the_api_refuses_what_can_t_be_forced(api):
    with pytest.raises(ApiError, match="tls-handshake can be forced at STARTTLS, HANDSHAKE; not at MAIL"):
        api.add_fault("tls-handshake", stage="MAIL")
    with pytest.raises(ApiError, match="action is one of"):
        api.add_fault("nonsense")


def test_the_command_line_arms_a_disturbance(sandbox, api):
    runner = CliRunner()
    armed = runner.invoke(
        commands, ["fault", "add", "delay", "--seconds", "0.2", "--stage", "MAIL", "--times", "1", "--url", sandbox.url]
    )
    assert armed.exit_code == 0, armed.output
    assert "delay" in armed.output
    (fault,) = api.faults()
    assert (fault.error, fault.stage, fault.times) == ("delay", "MAIL", 1)
    client = Client(sandbox).login()
    began = time.monotonic()
    assert client.say("MAIL FROM:<noreply@example.com>") == b"250 Ok\r\n"
    assert time.monotonic() - began >= 0.2
    client.close()
