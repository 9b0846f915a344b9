"""Sending: formatted and raw email by both APIs, what is composed, what is refused, the simulator, quotas."""

import contextlib
import email
import email.policy
import smtplib
import ssl

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import kit

from sandbox.core.errors import Refusal
from sandbox.core.headers import split
from sandbox.core.model import Outcome
from sandbox.providers.ses import attachments, mailboxes
from sandbox.providers.ses.compose import Attachment, Draft, Text, build
from sandbox.providers.ses.mailboxes import Mailbox

FROM = "noreply@example.com"


@pytest.fixture(scope="module")
def box():
    with kit(limits="unlimited", suppressed=["gone@example.net"]) as running:
        yield running


def simple(**body):
    return {"Simple": {"Subject": {"Data": "Hello"}, "Body": body or {"Text": {"Data": "Hello"}}}}


def older(**more):
    message = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    return {"Source": FROM, "Destination": {"ToAddresses": ["ann@example.net"]}, "Message": message, **more}


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


REFUSED = [
    ("BadRequestException.address", {"Destination": {"ToAddresses": ["nobody"]}}, "Missing final '@domain'"),
    ("BadRequestException.address", {"Destination": {"ToAddresses": ["a b@example.net"]}}, "Local address contains"),
    ("BadRequestException.address", {"Destination": {"ToAddresses": ["a@exa mple.net"]}}, "Domain contains control"),
    ("BadRequestException.address", {"Destination": {"ToAddresses": ["a <b@c.net> x"]}}, "Illegal address"),
    ("BadRequestException.address", {"Destination": {"ToAddresses": ["ann@example.net", "ä@example.net"]}}, "Illegal"),
    ("BadRequestException.no-recipient", {"Destination": {}}, "Empty required header 'To'."),
    ("BadRequestException.no-sender", {"FromEmailAddress": ""}, "Missing required header 'From'."),
    (
        "BadRequestException.too-many-recipients",
        {"Destination": {"ToAddresses": [f"a{number}@example.net" for number in range(51)]}},
        "Recipient count exceeds 50.",
    ),
    ("MessageRejected.unverified", {"FromEmailAddress": "eve@example.net"}, "region US-EAST-1: eve@example.net"),
    ("BadRequestException.message-tag", {"EmailTags": [{"Name": "a b", "Value": "c"}]}, "Invalid tag name <a b>"),
    ("BadRequestException.message-tag", {"EmailTags": [{"Name": "a", "Value": "ü"}]}, "Invalid tag value <ü>"),
    ("BadRequestException.message-tag", {"EmailTags": [{"Name": "a", "Value": ""}]}, "value must be specified"),
    ("BadRequestException.message-tag", {"EmailTags": [{"Name": "a" * 256, "Value": "b"}]}, "cannot exceed 255"),
    ("BadRequestException.content", {"Content": {}}, "exactly one"),
    (
        "BadRequestException.charset",
        {"Content": simple(Text={"Data": "x", "Charset": "klingon\r\nX: y"})},
        "Unknown encoding",
    ),
    ("BadRequestException.charset", {"Content": simple(Text={"Data": "x", "Charset": "rot13"})}, "Unknown encoding"),
    (
        "BadRequestException.header",
        {"Content": {"Simple": {**simple()["Simple"], "Headers": [{"Name": "Message-ID", "Value": "x"}]}}},
        "Message-ID",
    ),
    (
        "BadRequestException.duplicate-header",
        {
            "Content": {
                "Simple": {**simple()["Simple"], "Headers": [{"Name": "Priority", "Value": "x"}] * 2},
            }
        },
        "Duplicate header 'Priority'.",
    ),
    (
        "BadRequestException.attachment",
        {"Content": {"Simple": {**simple()["Simple"], "Attachments": [{"RawContent": b"x", "FileName": "a.exe"}]}}},
        "Illegal filename 'a.exe'.",
    ),
    ("BadRequestException.unparsable", {"Content": {"Raw": {"Data": b"this is no message"}}}, "Illegal header"),
    ("BadRequestException.no-from-header", {"Content": {"Raw": {"Data": b"To: a@b.c\r\n\r\nx"}}}, "header 'From'"),
    (
        "NotFoundException.configuration-set",
        {"ConfigurationSetName": "none"},
        "Configuration set <none> does not exist.",
    ),
]


@pytest.mark.parametrize(("row", "wrong", "told"), REFUSED, ids=range(len(REFUSED)))
@pytest.mark.proves(
    "ses.api.BadRequestException.address",
    "ses.api.BadRequestException.no-recipient",
    "ses.api.BadRequestException.no-sender",
    "ses.api.BadRequestException.too-many-recipients",
    "ses.api.MessageRejected.unverified",
    "ses.api.BadRequestException.message-tag",
    "ses.api.BadRequestException.content",
    "ses.api.BadRequestException.charset",
    "ses.api.BadRequestException.header",
    "ses.api.BadRequestException.duplicate-header",
    "ses.api.BadRequestException.attachment",
    "ses.api.BadRequestException.unparsable",
    "ses.api.BadRequestException.no-from-header",
)
def test_what_can_not_be_sent_is_refused_in_the_services_words(box, row, wrong, told):
    fine = {
        "FromEmailAddress": FROM,
        "Destination": {"ToAddresses": ["ann@example.net"]},
        "Content": simple(),
    }
    assert told in box.refused(f"api.{row}", box.v2.send_email, **{**fine, **wrong})


def test_the_older_api_has_codes_of_its_own(box):
    for wrong, code in [
        ({"Source": "eve@example.net"}, "MessageRejected"),
        ({"Destination": {"ToAddresses": ["nobody"]}}, "InvalidParameterValue"),
        ({"ConfigurationSetName": "none"}, "ConfigurationSetDoesNotExist"),
    ]:
        with pytest.raises(ClientError) as caught:
            box.v1.send_email(**older(**wrong))
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["Error"]["Type"] == "Sender"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.proves("ses.api.BadRequestException.too-long")
def test_each_api_has_its_size():
    with kit(max_message_bytes=11_000_000, limits="unlimited") as box:
        raw = b"From: noreply@example.com\r\nTo: ann@example.net\r\n\r\n" + b"x" * 70 + b"\r\n" + b"y" * 10_485_700
        with pytest.raises(ClientError, match="more than 10485760 bytes long"):
            box.v1.send_raw_email(RawMessage={"Data": raw})
        assert box.v2.send_email(Content={"Raw": {"Data": raw}})["MessageId"]
        told = box.refused(
            "api.BadRequestException.too-long", box.v2.send_email, Content={"Raw": {"Data": raw + b"z" * 600_000}}
        )
        assert told == f"Message length is more than 11000000 bytes long: '{len(raw) + 600_000}'."


@pytest.mark.proves(
    "ses.api.SendingPausedException.account",
    "ses.api.AccountSendingPausedException.account",
    "ses.api.SendingPausedException.configuration-set",
    "ses.api.ConfigurationSetSendingPausedException.set",
    "ses.smtp.554.sending-paused",
    "ses.smtp.554.configuration-set-paused",
)
def test_sending_can_be_paused_for_the_account_and_for_a_configuration_set(box):
    send = {
        "FromEmailAddress": FROM,
        "Destination": {"ToAddresses": ["ann@example.net"]},
        "Content": simple(),
    }
    box.v2.create_configuration_set(ConfigurationSetName="quiet", SendingOptions={"SendingEnabled": False})
    quiet = {"ConfigurationSetName": "quiet"}
    box.refused("api.SendingPausedException.configuration-set", box.v2.send_email, **send, **quiet)
    box.refused("api.ConfigurationSetSendingPausedException.set", box.v1.send_email, **older(**quiet))
    assert by_smtp(box, "X-SES-CONFIGURATION-SET: quiet\r\n")[0] == 554
    box.v2.put_account_sending_attributes(SendingEnabled=False)
    try:
        assert box.v1.get_account_sending_enabled()["Enabled"] is False
        box.refused("api.SendingPausedException.account", box.v2.send_email, **send)
        box.refused("api.AccountSendingPausedException.account", box.v1.send_email, **older())
        assert b"Sending paused for this account." in by_smtp(box)[1]
    finally:
        box.v1.update_account_sending_enabled(Enabled=True)
    assert by_smtp(box)[0] == 250


def by_smtp(box, headers=""):
    ready = box.sandbox.ready
    own, listener = ready["ses"], ready["ses"]["smtp"][0]
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        smtp.login(own["smtp_username"], own["smtp_password"])
        smtp.mail(FROM)
        smtp.rcpt("ann@example.net")
        return smtp.data(f"From: {FROM}\r\n{headers}\r\nHello")


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


@pytest.mark.proves("ses.api.TooManyRequestsException.sending-rate", "ses.api.TooManyRequestsException.daily-quota")
def test_rate_and_quota_on_the_accounts_clock():
    with kit(limits={"per_second": 1, "per_day": 100}) as box:
        send = {
            "FromEmailAddress": FROM,
            "Destination": {"ToAddresses": [f"a{number}@example.net" for number in range(49)]},
            "Content": simple(),
        }
        box.v2.send_email(**send)
        told = box.refused("api.TooManyRequestsException.sending-rate", box.v2.send_email, **send)
        assert told == "Maximum sending rate exceeded."
        with pytest.raises(ClientError, match=r"Throttling.*Maximum sending rate exceeded\."):
            box.v1.send_email(**older())
        box.account.clock.advance(60)
        box.v2.send_email(**send)
        box.account.clock.advance(60)
        told = box.refused("api.TooManyRequestsException.daily-quota", box.v2.send_email, **send)
        assert told == "Daily message quota exceeded."
        assert box.v1.get_send_quota() | {"ResponseMetadata": 0} == {
            "Max24HourSend": 100.0, "MaxSendRate": 1.0, "SentLast24Hours": 98.0, "ResponseMetadata": 0,
        }  # fmt: skip
        box.account.clock.advance(86_400)
        box.v2.send_email(**send)


def test_out_of_the_sandbox_by_asking():
    with kit(limits="sandbox") as box:
        account = box.v2.get_account()
        assert (account["ProductionAccessEnabled"], account["SendQuota"]["Max24HourSend"]) == (False, 200)
        told = box.refused(
            "api.MessageRejected.unverified",
            box.v2.send_email,
            FromEmailAddress=FROM,
            Destination={"ToAddresses": ["ann@example.net", "success@simulator.amazonses.com"]},
            Content=simple(),
        )
        assert told.endswith("US-EAST-1: ann@example.net")
        box.v2.put_account_details(
            MailType="TRANSACTIONAL", WebsiteURL="https://example.com", ProductionAccessEnabled=True
        )
        account = box.v2.get_account()
        assert account["Details"]["ReviewDetails"]["Status"] == "GRANTED"
        assert (account["ProductionAccessEnabled"], account["SendQuota"]["Max24HourSend"]) == (True, 50_000)
        assert box.send("ann@example.net")


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


@given(text=st.text(max_size=100))
@settings(max_examples=300, deadline=None)
def test_no_address_text_is_more_than_refused(text):
    found = []
    with contextlib.suppress(Refusal):
        found = mailboxes.read_all([text])
    assert all(mailbox.address.isascii() and "\n" not in mailbox.address for mailbox in found)
