"""Sending: formatted and raw email by both APIs, what is composed, the mailbox simulator, suppressed recipients."""

import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import FROM, kit, older, simple

from sandbox.core.headers import split
from sandbox.core.model import Outcome
from sandbox.providers.ses import attachments
from sandbox.providers.ses.compose import Attachment, Draft, Text, build
from sandbox.providers.ses.mailboxes import Mailbox


@pytest.fixture(scope="module")
def box():
    with kit(limits="unlimited", suppressed=["gone@example.net"]) as running:
        yield running


def parsed(box, message_id):
    return email.message_from_bytes(box.raw(message_id), policy=email.policy.default)


def outcomes(box, message_id):
    """Address → outcome, once nothing is left to do for any recipient."""
    box.sandbox.call(box.services.delivery.run_due())
    return {one.address: one.outcome for one in box.record(message_id).recipients}


def test_a_formatted_email_is_composed_as_the_service_does(box):
    found = parsed(
        box,
        box.v2.send_email(
            FromEmailAddress="Ädä Löve <noreply@example.com>",
            Destination={
                "ToAddresses": ['"Ann, the first" <ann@example.net>'],
                "CcAddresses": ["bob@example.net"],
                "BccAddresses": ["eve@example.net"],
            },
            ReplyToAddresses=["desk@example.org"],
            Content={
                "Simple": {
                    "Subject": {"Data": "Grüße\r\nBcc: everybody@example.net"},
                    "Body": {"Text": {"Data": "Hi\n"}, "Html": {"Data": "<p>Grüße</p>"}},
                    "Headers": [{"Name": "X-Campaign", "Value": "spring"}],
                    "Attachments": [
                        {"RawContent": b"\x00\x01", "FileName": "dätä.bin"},
                        {"RawContent": b"PNG", "FileName": "a.png", "ContentDisposition": "INLINE", "ContentId": "pic"},
                    ],
                }
            },
        )["MessageId"],
    )
    assert list(found.keys())[:5] == ["From", "Reply-To", "To", "Cc", "Subject"]
    assert found["from"].addresses[0].display_name == "Ädä Löve"
    assert found["to"].addresses[0].display_name == "Ann, the first"
    assert found["subject"] == "Grüße Bcc: everybody@example.net"
    assert (found["bcc"], found["date"], found["message-id"]) == (None, None, None)
    assert found["x-campaign"] == "spring"
    assert found.get_content_type() == "multipart/mixed"
    assert found.get_boundary().startswith("----=_Part_")
    body = found.get_body(("html",))
    assert body.get_content().strip() == "<p>Grüße</p>"
    names = {part.get_filename(): part.get_content() for part in found.walk() if part.get_filename()}
    assert names == {"dätä.bin": b"\x00\x01", "a.png": b"PNG"}
    assert any(part["content-id"] == "<pic>" for part in found.walk())


def test_one_part_alone_is_no_multipart(box):
    found = parsed(box, box.send("ann@example.net"))
    assert found.get_content_type() == "text/plain"
    assert found["content-transfer-encoding"] == "7bit"


TEXTS = st.text(max_size=200)


@given(name=TEXTS, subject=TEXTS, text=TEXTS, html=TEXTS, header=st.text(max_size=60), file=TEXTS, content=st.binary())
@settings(max_examples=150, deadline=None)
def test_whatever_is_composed_reads_back(name, subject, text, html, header, file, content):
    """No field's text ends a header line, and every part comes out as it went in."""
    numbers = iter(range(10))
    raw = build(
        Draft(
            sender=Mailbox(FROM, name),
            to=[Mailbox("ann@example.net", name)],
            subject=Text(data=subject),
            text=Text(data=text),
            html=Text(data=html),
            headers=[("X-Own", header)],
            attachments=[Attachment(content=content, name=file or "a")],
        ),
        lambda: f"----=_Part_{next(numbers)}",
    )
    names = [field.name for field in split(raw, 1 << 20)]
    assert set(names) <= {"From", "To", "Subject", "X-Own", "MIME-Version", "Content-Type"}
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parts = [part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]
    assert parts[2].get_payload(decode=True) == content
    lines = "\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    decoded = parts[0].get_payload(decode=True).decode().replace("\r\n", "\n")
    assert decoded == lines.encode("utf-8", "replace").decode()


def test_the_older_api_sends_to_everybody_and_returns_to_the_return_path(box):
    message_id = box.v1.send_email(
        **older(
            Destination={
                "ToAddresses": ["ann@example.net", "ben@example.net"],
                "CcAddresses": ["cyd@example.net"],
                "BccAddresses": ["dan@example.net", "ann@example.net"],
            },
            ReturnPath="noreply+bounces@example.com",
            Tags=[{"Name": "campaign", "Value": "spring"}],
        )
    )["MessageId"]
    record = box.record(message_id)
    assert record.envelope.rcpt_to == ("ann@example.net", "ben@example.net", "cyd@example.net", "dan@example.net")
    assert record.envelope.mail_from == "noreply+bounces@example.com"
    assert record.attributes["tags"] == {"campaign": ["spring"]}
    assert record.attributes["operation"] == "SendEmail"


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_raw_email_stays_as_it_is(box, api):
    raw = b"From: noreply@example.com\r\nTo: ann@example.net\r\nBcc: eve@example.net\r\nX-SES-MESSAGE-TAGS: a=1, b=2\r\n\r\nHi\r\n"
    if api == "v1":
        message_id = box.v1.send_raw_email(RawMessage={"Data": raw})["MessageId"]
    else:
        message_id = box.v2.send_email(Content={"Raw": {"Data": raw}})["MessageId"]
    record = box.record(message_id)
    assert box.raw(message_id) == raw
    assert record.envelope.rcpt_to == ("ann@example.net", "eve@example.net")
    assert record.attributes["tags"] == {"a": ["1"], "b": ["2"]}


def test_destinations_of_a_raw_call_come_before_its_headers(box):
    raw = b"From: noreply@example.com\r\nTo: ann@example.net\r\nReturn-Path: <noreply+back@example.com>\r\n\r\nHi\r\n"
    message_id = box.v1.send_raw_email(RawMessage={"Data": raw}, Destinations=["bob@example.net"])["MessageId"]
    envelope = box.record(message_id).envelope
    assert (envelope.rcpt_to, envelope.mail_from) == (("bob@example.net",), "noreply+back@example.com")


def test_message_ids_tell_region_and_moment(box):
    message_id = box.send("ann@example.net")
    assert message_id.startswith("0100")
    assert int(message_id[4:16], 16) == pytest.approx(box.record(message_id).accepted * 1000, abs=1)
    assert message_id.endswith("-000000")


def test_the_mailbox_simulator(box):
    kinds = ["success", "bounce", "ooto", "complaint", "suppressionlist", "nothing"]
    addresses = [f"{kind}+label@simulator.amazonses.com" for kind in kinds]
    message_id = box.send(*addresses)
    found = outcomes(box, message_id)
    assert [found[address] for address in addresses] == [
        Outcome.DELIVERED,
        Outcome.HARD_BOUNCED,
        Outcome.DELIVERED,
        Outcome.DELIVERED,
        Outcome.HARD_BOUNCED,
        Outcome.HARD_BOUNCED,
    ]
    events = box.sandbox.call(box.services.store.events.of_message(box.record(message_id).id))
    assert [event.recipient for event in events if event.type == "recipient.complained"] == [addresses[3]]
    listed = box.v2.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert [one["EmailAddress"] for one in listed] == ["gone@example.net"]


def test_suppressed_recipients_are_accepted_and_get_nothing(box):
    found = outcomes(box, box.send("gone@EXAMPLE.net", "ann@example.net"))
    assert found == {"gone@EXAMPLE.net": Outcome.SUPPRESSED, "ann@example.net": Outcome.DELIVERED}


def test_a_hard_bounce_suppresses_the_address_until_it_is_taken_off(box):
    address = "unknown-user+s@outcome.email-sandbox.test"
    assert outcomes(box, box.send(address)) == {address: Outcome.HARD_BOUNCED}
    assert box.v2.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]["Reason"] == "BOUNCE"
    assert outcomes(box, box.send(address)) == {address: Outcome.SUPPRESSED}
    box.v2.delete_suppressed_destination(EmailAddress=address)
    assert outcomes(box, box.send(address)) == {address: Outcome.HARD_BOUNCED}
    box.v2.delete_suppressed_destination(EmailAddress=address)


def test_a_virus_is_accepted_counted_and_rejected(box):
    virus = attachments._VIRUS
    attached = {**simple()["Simple"], "Attachments": [{"RawContent": virus, "FileName": "eicar.txt"}]}
    before = box.v1.get_send_quota()["SentLast24Hours"]
    message_id = box.v2.send_email(
        FromEmailAddress=FROM, Destination={"ToAddresses": ["ann@example.net"]}, Content={"Simple": attached}
    )["MessageId"]
    assert outcomes(box, message_id) == {"ann@example.net": Outcome.REJECTED}
    assert box.v1.get_send_quota()["SentLast24Hours"] == before + 1
