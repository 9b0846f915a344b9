"""SNS: topics, subscriptions by HTTP, and notifications whose signature everybody can check."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import Topic, kit

from sandbox.providers.ses.sns.envelope import string_to_sign

HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}
COVERED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


def verify(posted, ca_file):
    """Check a message as a subscriber does: with the certificate behind its URL. Raises when it is not genuine."""
    url = posted["SigningCertURL"]
    assert urlsplit(url).scheme == "https"
    with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=ca_file)) as answer:
        certificate = x509.load_pem_x509_certificate(answer.read())
    names = [name for name in COVERED[posted["Type"]] if name in posted]
    signed = "".join(f"{name}\n{posted[name]}\n" for name in names)
    digest = HASHES[posted["SignatureVersion"]]()
    certificate.public_key().verify(base64.b64decode(posted["Signature"]), signed.encode(), padding.PKCS1v15(), digest)


def visit(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module")
def ses():
    with kit() as made:
        yield made


@pytest.fixture
def listener():
    made = Topic()
    yield made
    made.close()


def posts(listener, number=1, kind=None):
    """The first messages of a kind that SNS posted, as (headers, message)."""

    def found(seen):
        read = [(headers, json.loads(body)) for _, headers, body in seen]
        fitting = [one for one in read if kind in (None, one[1].get("Type"))]
        return fitting if len(fitting) >= number else None

    return listener.until(found)[:number]


def subscribed(ses, listener, name, **attributes):
    """A topic with a confirmed subscription."""
    topic = ses.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    ses.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
    ((_, asked),) = posts(listener, kind="SubscriptionConfirmation")
    visit(asked["SubscribeURL"])
    return topic


def test_the_signed_text_is_the_documented_one():
    fields = {
        "Type": "Notification",
        "MessageId": "m",
        "TopicArn": "t",
        "Message": "hi",
        "Timestamp": "now",
        "Other": "x",
    }
    assert string_to_sign(fields) == b"Message\nhi\nMessageId\nm\nTimestamp\nnow\nTopicArn\nt\nType\nNotification\n"
    assert string_to_sign({**fields, "Subject": "s"}).count(b"Subject\ns\n") == 1


@settings(deadline=None)
@given(st.text(), st.text(min_size=1))
def test_any_message_is_signed_with_its_lines(message, subject):
    fields = {
        "Type": "Notification",
        "MessageId": "m",
        "TopicArn": "t",
        "Message": message,
        "Timestamp": "n",
        "Subject": subject,
    }
    try:
        expected = f"Message\n{message}\nMessageId\nm\nSubject\n{subject}\nTimestamp\nn\nTopicArn\nt\nType\nNotification\n".encode()
    except UnicodeEncodeError:
        return
    assert string_to_sign(fields) == expected


def test_a_subscriber_confirms_and_is_told(ses, listener):
    topic = ses.sns.create_topic(Name="story")["TopicArn"]
    assert ses.sns.create_topic(Name="story")["TopicArn"] == topic
    answer = ses.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url)
    assert answer["SubscriptionArn"] == "pending confirmation"
    ((headers, asked),) = posts(listener)
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert headers["x-amz-sns-topic-arn"] == topic
    verify(asked, ses.sandbox.ready["ca_file"])

    ses.sns.publish(TopicArn=topic, Message="too early")
    confirmed = visit(asked["SubscribeURL"])
    assert f"<SubscriptionArn>{topic}:" in confirmed
    sent = ses.sns.publish(TopicArn=topic, Message="Grüße", Subject="Hello")["MessageId"]
    ((headers, told),) = posts(listener, kind="Notification")
    assert (told["Message"], told["Subject"], told["MessageId"], told["TopicArn"]) == ("Grüße", "Hello", sent, topic)
    assert headers["x-amz-sns-subscription-arn"].startswith(f"{topic}:")
    verify(told, ses.sandbox.ready["ca_file"])

    visit(told["UnsubscribeURL"])
    assert ses.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_forged_message_is_recognised(ses, listener):
    topic = subscribed(ses, listener, "forged")
    ses.sns.publish(TopicArn=topic, Message="true")
    ((_, told),) = posts(listener, kind="Notification")
    with pytest.raises(InvalidSignature):
        verify({**told, "Message": "false"}, ses.sandbox.ready["ca_file"])


def test_a_topic_may_want_the_newer_signature_and_a_subscriber_the_message_alone(ses, listener):
    topic = subscribed(ses, listener, "newer", SignatureVersion="2")
    ses.sns.publish(TopicArn=topic, Message="a")
    ((_, told),) = posts(listener, kind="Notification")
    assert told["SignatureVersion"] == "2"
    verify(told, ses.sandbox.ready["ca_file"])
    ses.sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="1")
    (row,) = ses.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    ses.sns.set_subscription_attributes(
        SubscriptionArn=row["SubscriptionArn"], AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    ses.sns.publish(TopicArn=topic, Message='{"raw": true}')
    (raw,) = listener.until(lambda seen: [one for one in seen if one[2] == b'{"raw": true}'])
    assert raw[1]["x-amz-sns-rawdelivery"] == "true"
    attributes = ses.sns.get_subscription_attributes(SubscriptionArn=row["SubscriptionArn"])["Attributes"]
    assert (attributes["RawMessageDelivery"], attributes["PendingConfirmation"]) == ("true", "false")


def test_a_message_may_differ_by_protocol(ses, listener):
    topic = subscribed(ses, listener, "each")
    message = json.dumps({"default": "for all", "http": "for http"})
    ses.sns.publish(TopicArn=topic, Message=message, MessageStructure="json")
    ((_, told),) = posts(listener, kind="Notification")
    assert told["Message"] == "for http"


def test_topics_and_subscriptions_are_listed(ses, listener):
    topic = ses.sns.create_topic(Name="listed")["TopicArn"]
    made = ses.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=listener.url, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    queue = ses.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:q")[
        "SubscriptionArn"
    ]
    assert topic in {row["TopicArn"] for row in ses.sns.list_topics()["Topics"]}
    rows = {
        row["Protocol"]: row["SubscriptionArn"]
        for row in ses.sns.list_subscriptions()["Subscriptions"]
        if row["TopicArn"] == topic
    }
    assert rows == {"http": "PendingConfirmation", "sqs": queue}
    attributes = ses.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]) == ("1", "1")
    ((_, asked),) = posts(listener)
    confirmed = ses.sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])
    assert confirmed["SubscriptionArn"] == made
    ses.sns.unsubscribe(SubscriptionArn=made)
    ses.sns.delete_topic(TopicArn=topic)
    assert topic not in {row["TopicArn"] for row in ses.sns.list_topics()["Topics"]}


def test_a_subscriber_that_fails_is_told_again(ses, listener):
    topic = subscribed(ses, listener, "again")
    listener.answers = [500]
    ses.sns.publish(TopicArn=topic, Message="twice")
    first, second = posts(listener, 2, kind="Notification")
    assert first[1] == second[1]


def test_the_settings_subscribe_without_asking(listener):
    with kit(topics=[{"arn": "mine", "endpoint": listener.url}]) as ses:
        (topic,) = [row["TopicArn"] for row in ses.sns.list_topics()["Topics"]]
        assert topic.endswith(":mine")
        ses.sns.publish(TopicArn=topic, Message="told")
        ((_, told),) = posts(listener)
        assert told["Type"] == "Notification"


@pytest.mark.proves("ses.api.NotFound.topic", "ses.api.NotFound.subscription", "ses.api.InvalidParameter.sns")
def test_what_sns_refuses(ses):
    sns, topic = ses.sns, ses.sns.create_topic(Name="refusing")["TopicArn"]
    gone = f"{topic}x"
    assert ses.refused("api.NotFound.topic", sns.publish, TopicArn=gone, Message="a") == "Topic does not exist"
    ses.refused("api.NotFound.topic", sns.subscribe, TopicArn=gone, Protocol="http", Endpoint="http://localhost/")
    ses.refused("api.NotFound.subscription", sns.get_subscription_attributes, SubscriptionArn=f"{topic}:gone")
    row = "api.InvalidParameter.sns"
    assert ses.refused(row, sns.create_topic, Name="a b") == "Invalid parameter: Topic Name"
    ses.refused(row, sns.subscribe, TopicArn=topic, Protocol="http", Endpoint="ftp://localhost/")
    assert ses.refused(row, sns.confirm_subscription, TopicArn=topic, Token="wrong") == "Invalid parameter: Token"
    ses.refused(row, sns.publish, TopicArn=topic, Message="{}", MessageStructure="json")
    ses.refused(row, sns.set_topic_attributes, TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="3")


def test_urls_that_were_not_given_out_answer_clearly(ses):
    for path, status in (
        ("/sns?Action=ConfirmSubscription&TopicArn=x&Token=", 400),
        ("/sns?Action=ConfirmSubscription&TopicArn=x&Token=y", 400),
        ("/sns?Action=Unsubscribe&SubscriptionArn=x", 404),
        ("/SimpleNotificationService-0.pem", 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            visit(ses.sandbox.url + path)
        assert caught.value.code == status
        caught.value.close()


def test_an_endpoint_of_the_settings_must_be_a_url():
    with pytest.raises(ValueError, match=r"ses\.topics"), kit(topics=[{"arn": "t", "endpoint": "localhost:80"}]):
        pass


def test_only_this_machine_is_told(ses):
    topic = ses.sns.create_topic(Name="outside")["TopicArn"]
    ses.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://192.0.2.1/")

    async def failed():
        with ses.services.stream.subscribe(ses.account.id) as stream:
            while True:
                found = await ses.services.store.events.since(ses.account.id, types=("callback.failed",))
                if told := [event for event in found if event.data["url"] == "http://192.0.2.1/"]:
                    return told[0]
                await stream.take(5)

    event = ses.sandbox.call(failed())
    assert event.data["kind"] == "SubscriptionConfirmation"
    assert "delivery.callback_hosts" in event.data["answer"]
