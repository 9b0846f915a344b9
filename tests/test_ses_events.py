"""Events are published: each happening reaches everybody who wants to hear of it."""

import base64
import json
import smtplib
import ssl

import pytest
from ses_kit import EVERY, Topic, kit

from sandbox.core.attempts import FollowUp


@pytest.fixture(scope="module")
def topic():
    made = Topic()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ses(topic):
    targets = [{"arn": "default", "endpoint": topic.url}, {"arn": "stream", "endpoint": topic.url}]
    with kit(
        topics=[{"arn": "events", "endpoint": topic.url}], event_targets=targets, suppressed=["listed@example.org"]
    ) as made:
        arn = made.sns.list_topics()["Topics"][0]["TopicArn"]
        made.v2.create_configuration_set(ConfigurationSetName="all")
        made.v2.create_configuration_set_event_destination(
            ConfigurationSetName="all",
            EventDestinationName="topic",
            EventDestination={"Enabled": True, "MatchingEventTypes": EVERY, "SnsDestination": {"TopicArn": arn}},
        )
        made.topic = arn
        yield made


def test_a_new_destination_is_validated(ses, topic):
    text = "Successfully validated SNS topic for Amazon SES event publishing."
    topic.until(lambda seen: [one for one in seen if text in one[2].decode()])


def test_a_message_is_sent_and_delivered(ses, topic):
    sent = ses.send(
        "a@example.org",
        "b@example.org",
        "c@example.com",
        ConfigurationSetName="all",
        EmailTags=[{"Name": "k", "Value": "v"}],
    )
    event = topic.event("Send", sent)
    assert event["send"] == {}
    assert event["mail"]["tags"] == {
        "ses:operation": ["SendEmail"],
        "ses:configuration-set": ["all"],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": ["example.com"],
        "ses:caller-identity": ["email-sandbox"],
        "k": ["v"],
    }
    assert event["mail"]["sourceArn"].endswith(f":identity/{ses.sender}")
    deliveries = topic.until(lambda _: len(found := topic.events("Delivery", sent)) == 2 and found)
    told = [one["delivery"]["recipients"] for one in deliveries]
    assert told == [["a@example.org", "b@example.org"], ["c@example.com"]], "those of one domain together"
    assert deliveries[0]["mail"]["tags"]["ses:outgoing-ip"]
    posted = json.loads(next(body for _, _, body in topic.seen if sent in body.decode()))
    assert posted["Subject"] == "Amazon SES Email Event Notification"


@pytest.mark.parametrize(
    ("recipient", "subtype", "said"),
    [
        ("bounce+label@simulator.amazonses.com", "General", "smtp; 550 5.1.1"),
        ("suppressionlist@simulator.amazonses.com", "Suppressed", "Amazon SES has suppressed"),
        ("listed@example.org", "OnAccountSuppressionList", "Amazon SES did not send"),
    ],
)
def test_bounces_of_each_kind(ses, topic, recipient, subtype, said):
    sent = ses.send(recipient, ConfigurationSetName="all")
    bounce = topic.event("Bounce", sent)["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", subtype)
    (bounced,) = bounce["bouncedRecipients"]
    assert (bounced["emailAddress"], bounced["status"], bounced["action"]) == (recipient, "5.1.1", "failed")
    assert bounced["diagnosticCode"].startswith(said)
    assert not topic.events("Delivery", sent)


def test_a_tenants_own_list_bounces_with_words_of_its_own(ses, topic):
    shop = {"TenantName": "shop"}
    made = ses.v2.create_tenant(**shop)
    arn = made["TenantArn"].rpartition(":tenant/")[0]
    for resource in (f"{arn}:configuration-set/all", f"{arn}:identity/{ses.sender}"):
        ses.v2.create_tenant_resource_association(ResourceArn=resource, **shop)
    ses.v2.put_tenant_suppression_attributes(SuppressionScope="TENANT", SuppressedReasons=["BOUNCE"], **shop)
    ses.v2.put_suppressed_destination(EmailAddress="theirs@example.org", Reason="BOUNCE", **shop)
    sent = ses.send("theirs@example.org", ConfigurationSetName="all", **shop)
    event = topic.event("Bounce", sent)
    assert event["bounce"]["bounceSubType"] == "OnTenantSuppressionList"
    assert event["bounce"]["bouncedRecipients"][0]["diagnosticCode"].endswith("the suppression list for your tenant.")
    assert event["mail"]["tags"]["ses:tenant-name"] == ["shop"]


def test_a_complaint_follows_its_delivery(ses, topic):
    sent = ses.send("complaint@simulator.amazonses.com", ConfigurationSetName="all")
    complaint = topic.event("Complaint", sent)["complaint"]
    assert complaint["complainedRecipients"] == [{"emailAddress": "complaint@simulator.amazonses.com"}]
    assert (complaint["complaintFeedbackType"], complaint["userAgent"]) == ("abuse", "Amazon SES Mailbox Simulator")
    kinds = [event["eventType"] for event in topic.events(None, sent)]
    assert kinds == ["Send", "Delivery", "Complaint"]


def test_a_delay_is_told(ses, topic):
    sent = ses.send("full@outcome.email-sandbox.test", ConfigurationSetName="all")
    delay = topic.event("DeliveryDelay", sent)["deliveryDelay"]
    assert delay["delayType"] == "MailboxFull"
    assert delay["delayedRecipients"][0]["status"] == "4.2.2"


def test_data_that_does_not_fit_its_template_is_told_and_no_error(ses, topic):
    ses.v2.create_email_template(TemplateName="t", TemplateContent={"Subject": "{{a}}", "Text": "x"})
    sent = ses.v2.send_email(
        FromEmailAddress=ses.sender,
        Destination={"ToAddresses": ["a@example.org"]},
        Content={"Template": {"TemplateName": "t", "TemplateData": "{}"}},
        ConfigurationSetName="all",
    )["MessageId"]
    event = topic.event("Rendering Failure", sent)
    assert event["failure"] == {
        "errorMessage": "Attribute 'a' is not present in the rendering data.",
        "templateName": "t",
    }
    assert event["mail"]["destination"] == ["a@example.org"]
    assert "headers" not in event["mail"]
    assert ses.record(sent) is None


def test_the_sandbox_simulates_what_happens_later(ses, topic):
    sent = ses.send(
        "later@example.org", html='<a href="http://example.com/" ses:tags="k:v">x</a>', ConfigurationSetName="all"
    )
    topic.event("Delivery", sent)
    for later in (FollowUp.OPEN, FollowUp.CLICK, FollowUp.COMPLAINT, FollowUp.BOUNCE):
        ses.sandbox.call(ses.services.delivery.simulate(ses.account, ses.record(sent).id, "later@example.org", later))
    assert topic.event("Open", sent)["open"]["userAgent"]
    click = topic.event("Click", sent)["click"]
    assert (click["link"], click["linkTags"]) == ("http://example.com/", {"k": ["v"]}), "the first link of the message"
    assert topic.event("Complaint", sent)
    assert topic.event("Bounce", sent)["bounce"]["bounceSubType"] == "General"


EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def test_a_virus_is_sent_and_rejected(ses, topic):
    sent = ses.v2.send_email(
        FromEmailAddress=ses.sender,
        Destination={"ToAddresses": ["a@example.org"]},
        Content={
            "Simple": {
                "Subject": {"Data": "x"},
                "Body": {"Text": {"Data": "x"}},
                "Attachments": [{"FileName": "eicar.txt", "RawContent": EICAR.encode()}],
            }
        },
        ConfigurationSetName="all",
    )["MessageId"]
    assert topic.event("Reject", sent)["reject"] == {"reason": "Bad content"}
    assert topic.events("Send", sent)
    assert not topic.events("Delivery", sent)


def test_smtp_is_told_of_as_well(ses, topic):
    ready = ses.sandbox.ready
    listener = next(one for one in ready["ses"]["smtp"] if one["tls"] == "starttls")
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        smtp.login(ready["ses"]["smtp_username"], ready["ses"]["smtp_password"])
        text = f"From: Me <{ses.sender}>\nTo: a@example.org\nSubject: Hi\nX-SES-CONFIGURATION-SET: all\nX-SES-MESSAGE-TAGS: a=b, c=d\n\nx\n"
        smtp.sendmail(ses.sender, ["a@example.org", "bcc@example.org"], text)
    event = topic.until(lambda _: [one for one in topic.events("Send") if one["mail"]["tags"].get("a") == ["b"]])[0]
    assert event["mail"]["tags"]["ses:operation"] == ["SendSmtpEmail"]
    assert event["mail"]["tags"]["c"] == ["d"]
    assert event["mail"]["destination"] == ["a@example.org", "bcc@example.org"]
    assert event["mail"]["source"] == ses.sender
    names = [one["name"] for one in event["mail"]["headers"]]
    assert "X-SES-MESSAGE-TAGS" in names
    assert names[0] == "Received"
    assert "by email-smtp.amazonaws.com with SMTP" in event["mail"]["headers"][0]["value"]


def test_event_bridge_and_streams_have_their_own_form(ses, topic):
    ses.v2.create_configuration_set(ConfigurationSetName="targets")
    wanted = {
        "bus": {"EventBridgeDestination": {"EventBusArn": "arn:aws:events:us-east-1:123456789012:event-bus/default"}},
        "stream": {
            "KinesisFirehoseDestination": {
                "IamRoleArn": "arn:aws:iam::123456789012:role/r",
                "DeliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/stream",
            }
        },
    }
    for name, target in wanted.items():
        destination = {"Enabled": True, "MatchingEventTypes": ["SEND"], **target}
        ses.v2.create_configuration_set_event_destination(
            ConfigurationSetName="targets", EventDestinationName=name, EventDestination=destination
        )
    sent = ses.send("a@example.org", ConfigurationSetName="targets")

    def posted(test):
        def find(seen):
            return [found for found in (test(headers, json.loads(body)) for _, headers, body in seen) if found]

        return topic.until(find)[0]

    bridge = posted(lambda _, body: body.get("detail", {}).get("mail", {}).get("messageId") == sent and body)
    assert (bridge["source"], bridge["detail-type"], bridge["detail"]["eventType"]) == ("aws.ses", "Email Sent", "Send")
    assert bridge["resources"] == [f"arn:aws:ses:us-east-1:{bridge['account']}:configuration-set/targets"]
    request = posted(lambda _, body: "records" in body and body)
    headers = next(headers for _, headers, body in topic.seen if request["requestId"] in body.decode())
    assert headers["X-Amz-Firehose-Request-Id"] == request["requestId"]
    (record_,) = request["records"]
    assert json.loads(base64.b64decode(record_["data"]))["mail"]["messageId"] == sent


def test_an_identity_tells_its_own_topics(ses, topic):
    v1 = ses.v1
    for kind in ("Bounce", "Delivery"):
        v1.set_identity_notification_topic(Identity=ses.sender, NotificationType=kind, SnsTopic=ses.topic)
    welcome = topic.until(lambda _: topic.events("AmazonSnsSubscriptionSucceeded"))[0]["message"]
    assert welcome.endswith(f"to receive 'Bounce' notifications from Amazon SES for identity '{ses.sender}'.")
    v1.set_identity_headers_in_notifications_enabled(Identity=ses.sender, NotificationType="Bounce", Enabled=True)
    sent = ses.send("bounce@simulator.amazonses.com", "a@example.org")

    def told(kind):
        return topic.until(lambda _: [one for one in topic.events(kind, sent) if "notificationType" in one])[0]

    bounce, delivery = told("Bounce"), told("Delivery")
    for kind in ("Bounce", "Delivery"):
        v1.set_identity_notification_topic(Identity=ses.sender, NotificationType=kind)
    assert "tags" not in bounce["mail"]
    assert (bounce["mail"]["sourceIp"], bounce["mail"]["callerIdentity"]) == ("127.0.0.1", "email-sandbox")
    assert bounce["mail"]["commonHeaders"]["subject"] == "Hello"
    assert "headers" not in delivery["mail"]
    assert delivery["delivery"]["recipients"] == ["a@example.org"]
    assert not [one for one in topic.events(None, sent) if "eventType" in one], "no configuration set, no publishing"


def test_what_is_no_character_stops_nothing(ses, topic):
    """Half of a surrogate pair can be written in JSON, but not in UTF-8."""
    ses.v2.create_email_template(TemplateName="half", TemplateContent={"Subject": "{{a}}", "Text": "{{a}}"})
    sent = ses.v2.send_email(
        FromEmailAddress=ses.sender,
        Destination={"ToAddresses": ["a@example.org"]},
        Content={"Template": {"TemplateName": "half", "TemplateData": '{"a": "x\\ud800y"}'}},
        ConfigurationSetName="all",
    )["MessageId"]
    assert topic.event("Send", sent)
    assert ses.v2.test_render_email_template(TemplateName="half", TemplateData='{"a": "x\\ud800y"}')["RenderedTemplate"]


def test_every_published_event_is_in_the_log(ses, topic):
    sent = ses.send("a@example.org", ConfigurationSetName="all")
    topic.event("Delivery", sent)
    events = ses.sandbox.call(ses.services.store.events.of_message(ses.record(sent).id))
    published = [event.data for event in events if event.type == "event.published"]
    assert [one["kind"] for one in published] == ["Send", "Delivery"]
    assert published[0]["targets"] == ["topic"]
    assert published[0]["event"]["mail"]["messageId"] == sent
