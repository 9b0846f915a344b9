"""What receipt rules do with mail: bounce it, tell topics, call functions, and what of it goes wrong."""

import base64
import email
import json
from contextlib import closing

import pytest
from callback_listener import Listener
from ses_arrivals import (
    DOMAIN,
    SENDER,
    arrived,
    details,
    header,
    octets,
    post,
    receiving,
    rule,
    start_over,
    store,
)


@pytest.fixture(scope="module")
def hook():
    with closing(Listener()) as listener:
        yield listener


@pytest.fixture(scope="module")
def running(tmp_path_factory, hook):
    with receiving(tmp_path_factory.mktemp("bucket"), hook) as found:
        yield found


@pytest.fixture
def box(running, hook):
    start_over(running, hook)
    return running


def bounce(**more):
    wish = {"SmtpReplyCode": "550", "StatusCode": "5.1.1", "Message": "Mailbox does not exist", "Sender": SENDER}
    return {"BounceAction": wish | more}


def test_a_bounce_goes_to_the_sender_and_stop_ends_the_rule_set(box):
    rule(box, "gone", bounce(), {"StopAction": {"Scope": "RuleSet"}}, Recipients=[f"old@{DOMAIN}"])
    rule(box, "rest", store())
    post(box, f"old@{DOMAIN}", subject="bounced")
    record = arrived(box, "bounced")
    assert details(record)[f"old@{DOMAIN}"] == (
        "rejected",
        "gone: Bounce 550 5.1.1 Mailbox does not exist; gone: Stop no further rules",
    )
    (row,) = box.sandbox.call(box.services.store.reports.of_message(box.account.id, record.id))
    report = email.message_from_bytes(box.sandbox.call(box.services.store.reports.raw(box.account.id, row.id)))
    assert (row.recipient, report["From"]) == ("bob@elsewhere.test", f"MAILER-DAEMON <{SENDER}>")
    assert report.get_content_type() == "multipart/report"
    _, status = report.get_payload(1).get_payload()
    assert dict(status) == {
        "Final-Recipient": f"rfc822; old@{DOMAIN}",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic-Code": "smtp; 550 5.1.1 Mailbox does not exist",
    }


@pytest.mark.parametrize(("sender", "by", "said"), [
    ("", SENDER, "the message has no sender"),
    ("bob@elsewhere.test", "nobody@elsewhere.test", "nobody@elsewhere.test is not verified"),
])  # fmt: skip
def test_a_bounce_that_must_not_be_sent_is_not(box, sender, by, said):
    rule(box, "gone", bounce(Sender=by))
    post(box, f"old@{DOMAIN}", subject=f"quiet {by}", sender=sender)
    record = arrived(box, f"quiet {by}")
    assert said in details(record)[f"old@{DOMAIN}"][1]
    assert box.sandbox.call(box.services.store.reports.of_message(box.account.id, record.id)) == []


@pytest.mark.proves("ses.api.MessageRejected.original", "ses.api.MessageRejected.unverified")
def test_a_bounce_that_can_t_be_sent_is_refused(box):
    rule(box, "keep", store())
    post(box, f"ann@{DOMAIN}", subject="refused by hand")
    post(box, f"ann@{DOMAIN}", subject="from nobody", sender="")
    record, silent = arrived(box, "refused by hand"), arrived(box, "from nobody")
    sent = box.send("ann@example.net")

    def bounced(message_id, sender=SENDER, recipient=f"ann@{DOMAIN}"):
        return {
            "OriginalMessageId": message_id,
            "BounceSender": sender,
            "BouncedRecipientInfoList": [{"Recipient": recipient, "BounceType": "DoesNotExist"}],
        }

    said = box.refused(
        "api.MessageRejected.unverified", box.v1.send_bounce, **bounced(record.envelope_id, "bob@elsewhere.test")
    )
    assert said.endswith("in region US-EAST-1: bob@elsewhere.test")
    for wish in (
        bounced(silent.envelope_id), bounced(sent), bounced(record.envelope_id, recipient=f"other@{DOMAIN}")
    ):  # fmt: skip
        box.refused("api.MessageRejected.original", box.v1.send_bounce, **wish)
    assert box.sandbox.call(box.services.store.reports.of_message(box.account.id, record.id)) == []


def test_a_bounce_by_hand(box):
    rule(box, "keep", store())
    post(box, f"ann@{DOMAIN}", subject="by hand")
    record = arrived(box, "by hand")
    sent = box.v1.send_bounce(
        OriginalMessageId=record.envelope_id,
        BounceSender=SENDER,
        Explanation="Nobody reads this.",
        MessageDsn={"ReportingMta": "dns; mx.inbox.example", "ExtensionFields": [{"Name": "X-Why", "Value": "closed"}]},
        BouncedRecipientInfoList=[{"Recipient": f"ann@{DOMAIN}", "BounceType": "ExceededQuota"}],
    )
    assert sent["MessageId"]
    (row,) = box.sandbox.call(box.services.store.reports.of_message(box.account.id, record.id))
    text = box.sandbox.call(box.services.store.reports.raw(box.account.id, row.id)).decode()
    for line in ("Nobody reads this.", "Reporting-MTA: dns; mx.inbox.example", "X-Why: closed", "Status: 5.2.2"):
        assert line in text
    assert details(box.record(record.envelope_id))[f"ann@{DOMAIN}"] == ("rejected", "552 5.2.2 Mailbox full")


@pytest.mark.parametrize("encoding", ["UTF-8", "Base64"])
def test_a_topic_gets_the_message_in_the_documented_form(box, hook, encoding):
    rule(box, "tell", {"SNSAction": {"TopicArn": box.topic, "Encoding": encoding}}, ScanEnabled=True)
    post(
        box,
        f"ann@{DOMAIN}",
        subject=encoding,
        more="Reply-To: =?utf-8?q?B=C3=B6b?= <b@elsewhere.test>, c@elsewhere.test\r\n",
    )
    posted = json.loads(hook.until(lambda seen: seen)[0][2])
    assert (posted["Type"], posted["TopicArn"]) == ("Notification", box.topic)
    assert posted["Subject"] == "Amazon SES Email Receipt Notification"
    told = json.loads(posted["Message"])
    record = arrived(box, encoding)
    assert told["notificationType"] == "Received"
    raw = octets(box, record)
    assert told["content"] == (raw.decode() if encoding == "UTF-8" else base64.b64encode(raw).decode())
    receipt = told["receipt"]
    assert receipt["recipients"] == [f"ann@{DOMAIN}"]
    assert receipt["action"] == {"type": "SNS", "topicArn": box.topic, "encoding": encoding.upper()}
    assert receipt["processingTimeMillis"] > 0
    assert {name: receipt[f"{name}Verdict"] for name in ("spam", "virus", "spf", "dkim", "dmarc")} == {
        "spam": {"status": "PASS"},
        "virus": {"status": "PASS"},
        "spf": {"status": "GRAY"},
        "dkim": {"status": "GRAY"},
        "dmarc": {"status": "GRAY"},
    }
    mail = told["mail"]
    assert (mail["source"], mail["destination"]) == ("bob@elsewhere.test", [f"ann@{DOMAIN}"])
    assert (mail["messageId"], mail["headersTruncated"]) == (record.envelope_id, False)
    assert mail["headers"][0] == {"name": "Return-Path", "value": "<bob@elsewhere.test>"}
    assert mail["commonHeaders"] == {
        "returnPath": "bob@elsewhere.test",
        "from": ["Bob <bob@elsewhere.test>"],
        "to": [f"ann@{DOMAIN}"],
        "replyTo": ["Böb <b@elsewhere.test>", "c@elsewhere.test"],
        "subject": encoding,
    }


def test_other_actions_tell_their_topic_without_the_content(box, hook):
    rule(box, "keep", {"S3Action": {"BucketName": "kept", "ObjectKeyPrefix": "t/", "TopicArn": box.topic}})
    post(box, f"ann@{DOMAIN}", subject="alert")
    told = json.loads(json.loads(hook.until(lambda seen: seen)[0][2])["Message"])
    record = arrived(box, "alert")
    assert "content" not in told
    assert told["receipt"]["action"] == {
        "type": "S3",
        "topicArn": box.topic,
        "bucketName": "kept",
        "objectKeyPrefix": "t/",
        "objectKey": f"t/{record.envelope_id}",
    }
    assert told["receipt"]["spamVerdict"] == {"status": "DISABLED"}


def test_a_message_too_large_for_a_topic_bounces(box, hook):
    rule(box, "tell", {"SNSAction": {"TopicArn": box.topic}})
    post(box, f"ann@{DOMAIN}", subject="large", body="x\r\n" * 60_000)
    outcome, detail = details(arrived(box, "large"))[f"ann@{DOMAIN}"]
    assert outcome == "rejected"
    assert "552 5.3.4 Message too large" in detail
    assert hook.seen == []


def test_headers_that_are_too_many_are_cut_in_notifications(box, hook):
    rule(box, "tell", {"SNSAction": {"TopicArn": box.topic}})
    post(box, f"ann@{DOMAIN}", subject="cut", more=f"X-Long: {'x' * 900}\r\n" * 20)
    told = json.loads(json.loads(hook.until(lambda seen: seen)[0][2])["Message"])
    assert told["mail"]["headersTruncated"] is True
    assert sum(len(one["name"]) + len(one["value"]) for one in told["mail"]["headers"]) < 10_240


@pytest.mark.parametrize(("disposition", "done"), [
    ("CONTINUE", ["Lambda", "AddHeader", "S3"]),
    ("stop_rule", ["Lambda", "S3"]),
    ("STOP_RULE_SET", ["Lambda"]),
    ("NONSENSE", ["Lambda", "AddHeader", "S3"]),
])  # fmt: skip
def test_a_function_that_is_waited_for_decides_how_it_goes_on(box, hook, disposition, done):
    hook.body = json.dumps({"disposition": disposition}).encode()
    call = {"FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:sorter", "InvocationType": "RequestResponse"}
    rule(box, "first", {"LambdaAction": call}, header("X-After", "yes"))
    rule(box, "second", store())
    post(box, f"ann@{DOMAIN}", subject=f"decided {disposition}")
    record = arrived(box, f"decided {disposition}")
    events = box.sandbox.call(box.services.store.events.of_message(record.id))
    (event,) = [one for one in events if one.type == "recipient.received"]
    assert [one["action"] for one in event.data["actions"]] == done
    (event,) = json.loads(hook.seen[0][2])["Records"]
    assert (event["eventSource"], event["eventVersion"]) == ("aws:ses", "1.0")
    assert event["ses"]["receipt"]["action"] == {
        "type": "Lambda",
        "functionArn": call["FunctionArn"],
        "invocationType": "RequestResponse",
    }
    assert event["ses"]["mail"]["messageId"] == record.envelope_id
    assert "content" not in event["ses"]


def test_a_function_that_nobody_waits_for_holds_up_nothing(box, hook):
    rule(box, "call", {"LambdaAction": {"FunctionArn": "sorter", "InvocationType": "Event"}}, store())
    rule(box, "other", {"LambdaAction": {"FunctionArn": "unknown"}})
    post(box, f"ann@{DOMAIN}", subject="event")
    said = details(arrived(box, "event"))[f"ann@{DOMAIN}"][1]
    assert "sorter: called without waiting" in said
    assert "unknown: no endpoint is set for it in ses.functions" in said
    assert hook.until(lambda seen: seen)


def test_what_is_only_recorded_is_recorded(box):
    organization = "arn:aws:workmail:us-east-1:123456789012:organization/m-1"
    instance = "arn:aws:connect:us-east-1:123456789012:instance/12345678-1234-1234-1234-123456789012"
    role = "arn:aws:iam::123456789012:role/connect"
    rule(
        box, "others", {"WorkmailAction": {"OrganizationArn": organization}},
        {"ConnectAction": {"InstanceARN": instance, "IAMRoleARN": role}},
    )  # fmt: skip
    post(box, f"ann@{DOMAIN}", subject="recorded")
    assert details(arrived(box, "recorded"))[f"ann@{DOMAIN}"][1] == (
        f"others: WorkMail {organization}; others: Connect {instance}"
    )
