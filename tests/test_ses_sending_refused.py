"""What may not be sent: refused in the service's words, paused, over rate or quota, before production access."""

import contextlib

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import FROM, by_smtp, kit, older, simple

from sandbox.core.errors import Refusal
from sandbox.providers.ses import mailboxes


@pytest.fixture(scope="module")
def box():
    with kit(limits="unlimited") as running:
        yield running


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


@given(text=st.text(max_size=100))
@settings(max_examples=300, deadline=None)
def test_no_address_text_is_more_than_refused(text):
    found = []
    with contextlib.suppress(Refusal):
        found = mailboxes.read_all([text])
    assert all(mailbox.address.isascii() and "\n" not in mailbox.address for mailbox in found)


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
