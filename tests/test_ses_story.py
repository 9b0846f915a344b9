"""From the first identity to an address that is suppressed and let go again, told by each of Amazon's clients."""

import json
import urllib.request

import pytest
from ses_clients import Boto, Cli, Node, RefusedError
from ses_kit import Topic, kit
from test_ses_sns import verify

from sandbox.client import Client
from sandbox.core.dns.records import make

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DOMAIN = "story.example"
SIMULATOR = "bounce+story@simulator.amazonses.com"


@pytest.fixture
def listener():
    found = Topic()
    yield found
    found.close()


@pytest.fixture(
    params=[Boto, pytest.param(Cli, marks=pytest.mark.thorough), Node], ids=["boto3", "aws-cli", "javascript"]
)
def told(request, tmp_path, listener):
    """A fresh sandbox, one of the clients, and a topic with a confirmed subscriber."""
    with kit() as box:
        client = request.param(box.sandbox, tmp_path)
        yield box, client, _topic(box, listener)
        client.close()


def _topic(box, listener):
    arn = box.sns.create_topic(Name="story")["TopicArn"]
    box.sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=listener.url)
    (_, _, body), *_ = listener.until(lambda seen: seen)
    with urllib.request.urlopen(json.loads(body)["SubscribeURL"]) as answer:
        assert answer.status == 200
    return arn


def publish(box, tokens):
    """Put the CNAMEs of Easy DKIM into the sandbox's DNS."""
    records = [make(f"{token}._domainkey.{DOMAIN}", "CNAME", 300, f"{token}.dkim.amazonses.com.") for token in tokens]
    zones = box.services.dns.zones
    box.sandbox.call(zones.create(box.account, DOMAIN, zone_id=DOMAIN, servers=("ns1.story.test",), records=records))


def test_the_story(told, listener):
    box, client, topic = told
    identity_is_verified_by_dns(box, client)
    messages_are_rendered(box, client, topic)
    a_bounce_is_told(box, client, listener)
    an_address_is_suppressed_and_removed(client, listener)
    everything_is_removed(client)


def identity_is_verified_by_dns(box, client):
    made = client.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
    assert (made["IdentityType"], made["VerifiedForSendingStatus"]) == ("DOMAIN", False)
    assert client.call("GetEmailIdentity", EmailIdentity=DOMAIN)["DkimAttributes"]["Status"] == "PENDING"
    with pytest.raises(RefusedError) as caught:
        send(client, "ann@example.net")
    assert caught.value.code == "MessageRejected"
    publish(box, made["DkimAttributes"]["Tokens"])
    found = client.call("GetEmailIdentity", EmailIdentity=DOMAIN)
    assert (found["VerifiedForSendingStatus"], found["DkimAttributes"]["Status"]) == (True, "SUCCESS")


def send(client, *recipients, **more):
    content = {"Subject": {"Data": "Plain"}, "Body": {"Text": {"Data": "Hello"}}}
    return client.call(
        "SendEmail",
        FromEmailAddress=f"shop@{DOMAIN}",
        Destination={"ToAddresses": list(recipients)},
        Content={"Simple": content},
        **more,
    )["MessageId"]


def messages_are_rendered(box, client, topic):
    client.call("CreateConfigurationSet", ConfigurationSetName="story")
    client.call(
        "CreateConfigurationSetEventDestination",
        ConfigurationSetName="story",
        EventDestinationName="topic",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["SEND", "DELIVERY", "BOUNCE"],
            "SnsDestination": {"TopicArn": topic},
        },
    )
    template = {"Subject": "Hello {{name}}", "Text": "Dear {{name}}", "Html": "<p>Dear {{name}}</p>"}
    client.call("CreateEmailTemplate", TemplateName="welcome", TemplateContent=template)
    one = client.call(
        "SendEmail",
        FromEmailAddress=f"Shop <shop@{DOMAIN}>",
        Destination={"ToAddresses": ["ann@example.net"]},
        Content={"Template": {"TemplateName": "welcome", "TemplateData": '{"name": "Ann"}'}},
    )
    assert one["MessageId"]
    bulk = client.call(
        "SendBulkEmail",
        FromEmailAddress=f"shop@{DOMAIN}",
        DefaultContent={"Template": {"TemplateName": "welcome", "TemplateData": '{"name": "friend"}'}},
        BulkEmailEntries=[
            {"Destination": {"ToAddresses": ["bob@example.net"]}},
            {
                "Destination": {"ToAddresses": ["eve@example.net"]},
                "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "Eve"}'}},
            },
        ],
    )
    assert [one["Status"] for one in bulk["BulkEmailEntryResults"]] == ["SUCCESS", "SUCCESS"]
    with Client(box.sandbox.url) as inbox:
        for name in ("Ann", "friend", "Eve"):
            message = inbox.wait_for(subject=f"Hello {name}")
            assert message.text.strip() == f"Dear {name}"
            assert message.sender == f"shop@{DOMAIN}"


def a_bounce_is_told(box, client, listener):
    message_id = send(client, SIMULATOR, ConfigurationSetName="story", EmailTags=[{"Name": "campaign", "Value": "one"}])
    event = listener.event("Bounce", message_id)
    assert (event["bounce"]["bounceType"], event["bounce"]["bounceSubType"]) == ("Permanent", "General")
    assert event["bounce"]["bouncedRecipients"][0]["emailAddress"] == SIMULATOR
    assert event["mail"]["tags"]["campaign"] == ["one"]
    for _, headers, body in list(listener.seen):
        verify(json.loads(body), box.sandbox.ready["ca_file"])
        assert headers["x-amz-sns-topic-arn"].endswith(":story")
    with pytest.raises(RefusedError) as caught:
        client.call("GetSuppressedDestination", EmailAddress=SIMULATOR)
    assert caught.value.code == "NotFoundException", "the simulator's addresses are never suppressed"


def an_address_is_suppressed_and_removed(client, listener):
    gone = "gone@nowhere.invalid"
    first = send(client, gone, ConfigurationSetName="story")
    assert listener.event("Bounce", first)["bounce"]["bounceType"] == "Permanent"
    listed = client.call("GetSuppressedDestination", EmailAddress=gone)["SuppressedDestination"]
    assert (listed["EmailAddress"], listed["Reason"]) == (gone, "BOUNCE")
    second = send(client, gone, ConfigurationSetName="story")
    assert listener.event("Bounce", second)["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
    summaries = client.call("ListSuppressedDestinations")["SuppressedDestinationSummaries"]
    assert [one["EmailAddress"] for one in summaries] == [gone]
    client.call("DeleteSuppressedDestination", EmailAddress=gone)
    with pytest.raises(RefusedError) as caught:
        client.call("DeleteSuppressedDestination", EmailAddress=gone)
    assert caught.value.code == "NotFoundException"


def everything_is_removed(client):
    client.call("DeleteEmailTemplate", TemplateName="welcome")
    client.call("DeleteConfigurationSet", ConfigurationSetName="story")
    client.call("DeleteEmailIdentity", EmailIdentity=DOMAIN)
    left = client.call("ListEmailIdentities")["EmailIdentities"]
    assert DOMAIN not in [one["IdentityName"] for one in left]
    assert "TemplatesMetadata" not in (found := client.call("ListEmailTemplates")) or not found["TemplatesMetadata"]


@pytest.mark.thorough
def test_the_older_api_on_the_command_line(tmp_path):
    """`aws ses`: an address is verified by the link in its mail, then sends."""
    with kit() as box, Client(box.sandbox.url) as inbox:
        client = Cli(box.sandbox, tmp_path, "ses")
        client.call("VerifyEmailIdentity", EmailAddress="ann@story.example")
        attributes = client.call("GetIdentityVerificationAttributes", Identities=["ann@story.example"])
        assert attributes["VerificationAttributes"]["ann@story.example"]["VerificationStatus"] == "Pending"
        letter = {"Subject": {"Data": "Older"}, "Body": {"Text": {"Data": "Hello"}}}
        wish = {"Source": "ann@story.example", "Destination": {"ToAddresses": ["bob@example.net"]}, "Message": letter}
        with pytest.raises(RefusedError) as caught:
            client.call("SendEmail", **wish)
        assert caught.value.code == "MessageRejected"
        (link, *_) = inbox.wait_for(to="ann@story.example").links
        with urllib.request.urlopen(link) as answer:
            assert answer.status == 200
        assert client.call("SendEmail", **wish)["MessageId"]
        assert inbox.wait_for(subject="Older").text.strip() == "Hello"
