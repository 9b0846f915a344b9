"""Notifications and complaint reports: right by the RFCs, and understood by an independent reader."""

import re
from email import message_from_bytes

import pytest
from flufl.bounce import scan_message
from hypothesis import given
from hypothesis import strategies as st
from report_checks import arf as arf_faults
from report_checks import dsn as dsn_faults
from report_checks import groups

from sandbox.core.ids import Ids
from sandbox.core.model import Channel, Envelope, MessageRecord
from sandbox.core.reports.arf import complaint
from sandbox.core.reports.dsn import Failure, notification, status_code

RAW = b"From: a@b.test\r\nSubject: hello\r\nMessage-ID: <1@b.test>\r\n\r\n.body\xc3\xa9\r\n"


def record(mail_from="bounces@b.test", **params):
    return MessageRecord(
        id="m", account="default", provider="oci", channel=Channel.SMTP, session="s",
        envelope=Envelope(mail_from=mail_from, rcpt_to=("r@x.test",), mail_params=params), sender="a@b.test", to="",
        subject="hello", message_id="1@b.test", envelope_id="e-1", accepted=1_000_000.0, size=len(RAW), sha256="",
        units=1, recipients=(),
    )  # fmt: skip


def failure(recipient="r@x.test", reply="550 5.1.1 no such user", mta="mx.x.test", **more):
    return Failure(recipient=recipient, reply=reply, mta=mta, at=1_000_600.0, **more)


def made(*failures, message=None, raw=RAW):
    return notification(message or record(), raw, failures, host="iad1.rp.test", now=1_000_600.0, ids=Ids(1))


def test_a_failure_is_told_to_the_return_path_and_understood():
    report = made(failure(), failure("s@y.test", "554 5.7.1 spam"))
    assert dsn_faults(report.octets) == []
    assert (report.kind, report.recipient) == ("failed", "bounces@b.test")
    understood = scan_message(message_from_bytes(report.octets))
    assert {address.decode() for address in understood} == {"r@x.test", "s@y.test"}


def test_a_delay_says_until_when_it_is_tried_and_returns_headers_only():
    report = made(failure(reply="452 4.2.2 Mailbox full", retry_until=1_259_200.0))
    assert dsn_faults(report.octets) == []
    assert report.kind == "delayed"
    assert b"Action: delayed" in report.octets
    assert b".body" not in report.octets


def test_the_message_is_returned_octet_for_octet():
    assert RAW in made(failure()).octets
    assert RAW not in made(failure(), message=record(RET="HDRS")).octets


def test_a_large_message_is_returned_by_its_headers():
    raw = RAW + b"x" * 200_000 + b"\r\n"
    octets = made(failure(), raw=raw).octets
    assert len(octets) < 10_000
    assert b"Message-ID: <1@b.test>" in octets


def test_the_envelope_id_of_the_client_is_named():
    assert b"Original-Envelope-Id: QQ314159" in made(failure(), message=record(ENVID="QQ314159")).octets


def test_nobody_is_told_about_mail_from_the_null_sender():
    assert made(failure(), message=record("")) is None
    assert complaint(record(""), RAW, "r@x.test", host="h.test", now=1.0, ids=Ids(1)) is None


@pytest.mark.parametrize(
    ("reply", "delayed", "expected"),
    [
        ("550 5.1.1 no", False, "5.1.1"),
        ("452 4.2.2 full", True, "4.2.2"),
        ("452 4.2.2 full", False, "4.2.2"),
        ("550 no", False, "5.0.0"),
        ("451 later", True, "4.0.0"),
        ("451 later", False, "4.0.0"),
        ("250 2.1.5 ok", False, "5.0.0"),
    ],
)
def test_the_status_agrees_with_the_reply_and_the_action(reply, delayed, expected):
    assert status_code(reply, delayed=delayed) == expected


def test_a_complaint_names_who_complained_about_what():
    report = complaint(record(), RAW, "r@x.test", host="h.test", now=1_000_600.0, ids=Ids(1))
    assert arf_faults(report.octets) == []
    assert RAW in report.octets
    fields = dict(groups(message_from_bytes(report.octets).get_payload()[1])[0])
    assert fields["feedback-type"] == "abuse"
    assert fields["original-rcpt-to"] == "<r@x.test>"


hostile = st.text(max_size=80).map(lambda text: text + "\r\nX-Injected: yes\r\n\r\n--=_")


@given(hostile, hostile, st.binary(max_size=300))
def test_nothing_that_mail_contains_breaks_the_form(recipient, reply, raw):
    report = made(
        failure(recipient, "550 5.1.1 " + reply, mta=recipient), raw=RAW + raw.replace(b"\r", b"").replace(b"\n", b"")
    )
    faults = [fault for fault in dsn_faults(report.octets) if "too long" not in fault]
    assert faults == []
    assert not re.search(rb"^X-Injected", report.octets, re.MULTILINE)


def spoilt():
    good = made(failure(reply="550 5.1.1 no such user")).octets
    yield good.replace(b"multipart/report", b"multipart/mixed ")
    yield good.replace(b"Status: 5.1.1", b"Status: 550")
    yield good.replace(b"Action: failed", b"Action: broken")
    yield good.replace(b"Final-Recipient:", b"X-Recipient:")
    yield good.replace(b"Reporting-MTA: dns;", b"Reporting-MTA:")
    yield good.replace(b"Action: failed", b"Action: delayed")
    yield good.replace(b"delivery-status;", b"feedback-report;")
    yield good.replace(b"Auto-Submitted: auto-replied\r\n", b"")


@pytest.mark.parametrize("octets", list(spoilt()))
def test_the_strict_check_notices_what_is_wrong(octets):
    assert dsn_faults(octets)
