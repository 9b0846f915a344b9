"""The JSON of events, from what is stored to what is told: it is the documented one."""

import json

import pytest
from ses_kit import EVERY

from sandbox.core.model import Channel, Envelope, Event, MessageRecord
from sandbox.providers.ses.events import mail, replies, sections
from sandbox.providers.ses.events.kinds import KINDS, V1_TO_V2
from sandbox.providers.ses.events.mail import Sender

SENDER = Sender(
    account="123456789012",
    source_arn="arn:aws:ses:us-east-1:123456789012:identity/sender@example.com",
    caller="ses_user",
)
RAW = (
    b"From: sender@example.com\r\nTo: recipient@example.com\r\nSubject: Message sent from Amazon SES\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n"
)
ID = "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000"


def record(**more):
    given = {
        "id": "m1", "account": "default", "provider": "ses", "channel": Channel.HTTPS, "session": "s",
        "envelope": Envelope(mail_from="sender@example.com", rcpt_to=("recipient@example.com",), client="192.0.2.0:1"),
        "sender": "sender@example.com", "to": "recipient@example.com", "subject": "x", "message_id": "x",
        "envelope_id": ID, "accepted": 1476919252.24, "size": len(RAW), "sha256": "", "units": 1, "recipients": (),
        "attributes": {"configuration_set": "ConfigSet", "tags": {"myCustomTag1": ["myCustomTagValue1"]}},
    }  # fmt: skip
    return MessageRecord(**{**given, **more})


def happened(kind, detail="", recipient="recipient@example.com", at=1476919264.133, **data):
    return Event(
        id=1, account="default", at=at, type=kind, message="m1", recipient=recipient, data={"detail": detail, **data}
    )


def section(kind, *args, message=None, **data):
    name, make = sections.MAKERS[kind]
    return name, make([happened(kind, *args, **data)], message or record(), "feedback-000000", "mta.example.com")


def test_the_mail_object_is_the_documented_one():
    found = {**mail.mail(record(), RAW, SENDER), "tags": mail.tags(record(), SENDER)}
    headers = [
        ("From", "sender@example.com"), ("To", "recipient@example.com"), ("Subject", "Message sent from Amazon SES"),
        ("MIME-Version", "1.0"), ("Content-Type", "text/html; charset=UTF-8"), ("Content-Transfer-Encoding", "7bit"),
    ]  # fmt: skip
    assert found == {
        "timestamp": "2016-10-19T23:20:52.240Z",
        "source": "sender@example.com",
        "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/sender@example.com",
        "sendingAccountId": "123456789012",
        "messageId": ID,
        "destination": ["recipient@example.com"],
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers],
        "commonHeaders": {
            "from": ["sender@example.com"],
            "to": ["recipient@example.com"],
            "messageId": ID,
            "subject": "Message sent from Amazon SES",
        },
        "tags": {
            "ses:operation": ["SendEmail"],
            "ses:configuration-set": ["ConfigSet"],
            "ses:source-ip": ["192.0.2.0"],
            "ses:from-domain": ["example.com"],
            "ses:caller-identity": ["ses_user"],
            "myCustomTag1": ["myCustomTagValue1"],
        },
    }


def test_many_headers_are_cut_off_and_several_people_told_apart():
    raw = b'From: "Doe, John" <j@example.com>\r\nTo: a@example.org, "B, C" <b@example.org>\r\n' + b"".join(
        b"X-%d: %s\r\n" % (number, b"v" * 500) for number in range(40)
    )
    found = mail.mail(record(), raw + b"\r\nx\r\n", SENDER)
    assert found["headersTruncated"] is True
    assert len(json.dumps(found["headers"])) < 13_000
    assert found["commonHeaders"]["from"] == ['"Doe, John" <j@example.com>']
    assert found["commonHeaders"]["to"] == ["a@example.org", '"B, C" <b@example.org>']


def test_a_delivery_is_the_documented_one():
    assert section("recipient.delivered", "250 2.6.0 Message received") == (
        "Delivery",
        {
            "timestamp": "2016-10-19T23:21:04.133Z",
            "processingTimeMillis": 11893,
            "recipients": ["recipient@example.com"],
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "mta.example.com",
        },
    )


def test_a_bounce_is_the_documented_one():
    assert section("recipient.hard_bounced", "550 5.1.1 user unknown") == (
        "Bounce",
        {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": "recipient@example.com",
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
            "timestamp": "2016-10-19T23:21:04.133Z",
            "feedbackId": "feedback-000000",
            "reportingMTA": "dns; mta.example.com",
        },
    )


def test_a_delay_a_click_and_an_open_are_the_documented_ones():
    reply = "421 4.4.1 Unable to connect to remote host"
    _, found = section("recipient.deferred", reply)
    assert found == {
        "timestamp": "2016-10-19T23:21:04.133Z",
        "delayType": "TransientCommunicationFailure",
        "expirationTime": "2016-10-20T13:20:52.240Z",
        "delayedRecipients": [
            {"emailAddress": "recipient@example.com", "status": "4.4.1", "diagnosticCode": f"smtp; {reply}"}
        ],
    }
    data = {
        "ip_address": "192.0.2.1",
        "user_agent": "Mozilla/5.0",
        "link": "http://a.example/",
        "link_tags": {"k": ["v"]},
    }
    moment = {"ipAddress": "192.0.2.1", "timestamp": "2016-10-19T23:21:04.133Z", "userAgent": "Mozilla/5.0"}
    assert section("recipient.opened", **data) == ("Open", moment)
    assert section("recipient.clicked", **data) == (
        "Click",
        {**moment, "link": "http://a.example/", "linkTags": {"k": ["v"]}},
    )


@pytest.mark.parametrize(
    ("reply", "given_up", "kind", "subtype"),
    [
        ("550 5.1.1 user unknown", False, "Permanent", "General"),
        ("550 5.4.4 Unable to route", False, "Permanent", "General"),
        ("552 5.2.2 mailbox full", False, "Transient", "MailboxFull"),
        ("552 5.3.4 too big", False, "Transient", "MessageTooLarge"),
        ("554 5.7.1 spam", False, "Transient", "ContentRejected"),
        ("452 4.2.2 mailbox full", True, "Transient", "MailboxFull"),
        ("451 4.3.0 later", True, "Transient", "General"),
        ("550 no", False, "Permanent", "General"),
        ("gone", False, "Undetermined", "Undetermined"),
    ],
)
def test_replies_make_kinds_of_bounces(reply, given_up, kind, subtype):
    assert replies.bounce(reply, given_up=given_up) == replies.Bounce(type=kind, subtype=subtype)


def test_every_kind_of_event_has_its_names():
    assert {kind.v2 for kind in KINDS.values()} == set(EVERY)
    assert len(V1_TO_V2) == 8
    assert KINDS["Rendering Failure"].metric == "RenderingFailure"
    assert {name for name, _ in sections.MAKERS.values()} == set(KINDS) - {"Rendering Failure"}
