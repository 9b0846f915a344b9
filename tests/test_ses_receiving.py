"""Mail arrives for a verified domain and the active receipt rules are run on it, with the real SMTP and boto3 clients."""

import base64
import email
import json
import re
import smtplib
import ssl
from pathlib import Path

import pytest
from callback_listener import PATIENCE, Listener
from ses_kit import kit

from sandbox import Sandbox
from sandbox.core.store.messages import Clause

DOCUMENT = Path(__file__).parents[1] / "docs" / "ses-receiving.md"
DOMAIN = "inbox.example"
SENDER = "noreply@example.com"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@pytest.fixture(scope="module")
def hook():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory, hook):
    folder = tmp_path_factory.mktemp("bucket")
    with kit(
        verified_identities=[SENDER, DOMAIN],
        limits="unlimited",
        buckets=[{"name": "kept", "folder": str(folder)}],
        functions=[{"arn": "sorter", "endpoint": hook.url}],
        topics=[{"arn": "arrivals", "endpoint": hook.url}],
    ) as found:
        found.folder = folder
        found.topic = found.sns.list_topics()["Topics"][0]["TopicArn"]
        yield found


@pytest.fixture
def box(running, hook):
    """The sandbox with a fresh, empty rule set in force, and nothing told yet."""
    if "main" in [one["Name"] for one in running.v1.list_receipt_rule_sets()["RuleSets"]]:
        running.v1.set_active_receipt_rule_set()
        running.v1.delete_receipt_rule_set(RuleSetName="main")
    for one in running.v1.list_receipt_filters()["Filters"]:
        running.v1.delete_receipt_filter(FilterName=one["Name"])
    running.v1.create_receipt_rule_set(RuleSetName="main")
    running.v1.set_active_receipt_rule_set(RuleSetName="main")
    hook.seen.clear()
    hook.body = b""
    return running


def rule(box, name, *actions, after=None, **more):
    """Add a rule that is in force, behind the others."""
    rules = [one["Name"] for one in box.v1.describe_receipt_rule_set(RuleSetName="main").get("Rules", [])]
    given = {"Name": name, "Enabled": True, "Actions": list(actions), **more}
    place = {"After": after or rules[-1]} if rules else {}
    box.v1.create_receipt_rule(RuleSetName="main", Rule=given, **place)


def store(prefix=""):
    return {"S3Action": {"BucketName": "kept", "ObjectKeyPrefix": prefix}}


def header(name, value):
    return {"AddHeaderAction": {"HeaderName": name, "HeaderValue": value}}


def bounce(**more):
    wish = {"SmtpReplyCode": "550", "StatusCode": "5.1.1", "Message": "Mailbox does not exist", "Sender": SENDER}
    return {"BounceAction": wish | more}


def smtp(box, stands_for=25):
    listener = next(one for one in box.sandbox.ready["ses"]["smtp"] if one["stands_for"] == stands_for)
    return smtplib.SMTP(listener["host"], listener["port"], timeout=PATIENCE)


def post(box, *recipients, sender="bob@elsewhere.test", subject="Hello", body="Hello", secure=False, more=""):
    """Send mail as anybody would, without a log-in."""
    with smtp(box) as client:
        if secure:
            client.starttls(context=ssl.create_default_context(cafile=box.sandbox.ready["ca_file"]))
        text = f"From: Bob <bob@elsewhere.test>\r\nTo: {recipients[0]}\r\nSubject: {subject}\r\n{more}\r\n{body}\r\n"
        client.sendmail(sender, list(recipients), text)


def arrived(box, subject="Hello"):
    """The newest message that arrived, once its rules were run."""

    async def look():
        found = await box.services.store.messages.page(box.account.id, Clause(sql="m.subject = ?", params=(subject,)))
        for one in found.items:
            if "received" in one.attributes and all(r.outcome != "queued" for r in one.recipients):
                return one
        return None

    return wait(box, look)


def wait(box, look):
    async def found():
        with box.services.stream.subscribe(None) as subscription:
            while (result := await look()) is None:
                assert await subscription.take(PATIENCE), "it never came"
            return result

    return box.sandbox.call(found())


def octets(box, record):
    return box.sandbox.call(box.services.store.messages.raw(box.account.id, record.id))


def details(record):
    return {one.address: (str(one.outcome), one.detail) for one in record.recipients}


def test_mail_for_a_verified_domain_arrives_without_a_log_in_and_is_stored(box):
    rule(box, "keep", header("X-Sorted", "yes"), store("in/"), Recipients=[DOMAIN], ScanEnabled=True)
    post(box, f"ann@{DOMAIN}", subject="stored")
    record = arrived(box, "stored")
    assert details(record)[f"ann@{DOMAIN}"] == (
        "delivered",
        f"keep: AddHeader X-Sorted: yes; keep: S3 s3://kept/in/{record.envelope_id}",
    )
    kept = (box.folder / "in" / record.envelope_id).read_bytes()
    assert kept == b"X-Sorted: yes\r\n" + octets(box, record)
    message = email.message_from_bytes(kept)
    assert message.keys()[:8] == [
        "X-Sorted", "Return-Path", "Received", "X-SES-Spam-Verdict", "X-SES-Virus-Verdict", "Received-SPF",
        "Authentication-Results", "X-SES-RECEIPT",
    ]  # fmt: skip
    assert message["Return-Path"] == "<bob@elsewhere.test>"
    assert f"by inbound-smtp.us-east-1.amazonaws.com with SMTP id {record.envelope_id}" in " ".join(
        message["Received"].split()
    )
    assert message["Subject"] == "stored"


def test_without_rules_in_force_clients_must_log_in_as_ever(box):
    box.v1.set_active_receipt_rule_set()
    with smtp(box) as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<bob@elsewhere.test>") == (530, b"Must issue a STARTTLS command first")


@pytest.mark.proves("ses.smtp.550.no-mailbox")
def test_who_is_not_received_here_is_refused(box):
    rule(box, "support", store(), Recipients=[f"support@{DOMAIN}"])
    with smtp(box) as client:
        client.ehlo()
        assert client.mail("bob@elsewhere.test")[0] == 250
        assert client.rcpt(f"nobody@{DOMAIN}") == (550, b"5.1.1 Requested action not taken: mailbox unavailable")
        assert client.rcpt("ann@elsewhere.test") == (530, b"Authentication required")
        assert client.rcpt(f"support+label@{DOMAIN}")[0] == 250
        assert client.rcpt("ann@elsewhere.test") == (530, b"Authentication required")


def test_other_ports_are_for_those_who_log_in(box):
    rule(box, "all", store())
    with smtp(box, 587) as client:
        client.starttls(context=ssl.create_default_context(cafile=box.sandbox.ready["ca_file"]))
        client.ehlo()
        assert client.docmd("MAIL FROM:<bob@elsewhere.test>") == (530, b"Authentication required")


@pytest.mark.proves("ses.smtp.550.blocked-address")
def test_ip_filters_refuse_during_the_conversation(box):
    rule(box, "all", store())
    box.v1.create_receipt_filter(Filter={"Name": "home", "IpFilter": {"Policy": "Block", "Cidr": "127.0.0.0/8"}})
    with smtp(box) as client:
        client.ehlo()
        client.mail("bob@elsewhere.test")
        code, text = client.rcpt(f"ann@{DOMAIN}")
        assert (code, text) == (550, b"5.7.1 Requested action not taken: mail from 127.0.0.1 is blocked")
        box.v1.create_receipt_filter(Filter={"Name": "me", "IpFilter": {"Policy": "Allow", "Cidr": "127.0.0.1/32"}})
        assert client.rcpt(f"ann@{DOMAIN}")[0] == 250


def test_a_rule_may_ask_for_tls(box):
    rule(box, "strict", store(), TlsPolicy="Require")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        post(box, f"ann@{DOMAIN}")
    assert caught.value.recipients[f"ann@{DOMAIN}"] == (530, b"Must issue a STARTTLS command first")
    post(box, f"ann@{DOMAIN}", secure=True, subject="secure")
    assert details(arrived(box, "secure"))[f"ann@{DOMAIN}"][0] == "delivered"


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


@pytest.mark.parametrize(("body", "spam", "virus"), [
    (f"{GTUBE}", "FAIL", "PASS"),
    (f"{EICAR}", "PASS", "FAIL"),
    (base64.encodebytes(EICAR.encode()).decode().replace("\n", "\r\n"), "PASS", "FAIL"),
    ("an ordinary message", "PASS", "PASS"),
])  # fmt: skip
def test_content_is_scanned_when_the_rule_asks_for_it(box, body, spam, virus):
    rule(box, "scan", store(), ScanEnabled=True)
    post(box, f"ann@{DOMAIN}", subject=f"scan {hash(body)}", body=body)
    message = email.message_from_bytes(octets(box, arrived(box, f"scan {hash(body)}")))
    assert (message["X-SES-Spam-Verdict"], message["X-SES-Virus-Verdict"]) == (spam, virus)


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


def test_what_is_sent_to_a_received_domain_arrives_there(box):
    """As in life, where the domain's MX is the service's: the delivered copy, signatures and all, comes back in."""
    rule(box, "keep", store())
    box.send(f"ann@{DOMAIN}", "bob@elsewhere.test", text="round trip")
    record = arrived(box)
    message = email.message_from_bytes(octets(box, record))
    assert record.envelope.rcpt_to == (f"ann@{DOMAIN}",)
    assert message["X-SES-RECEIPT"]
    assert message.get_all("Received")[0].startswith("from ")


def test_headers_that_are_too_many_are_cut_in_notifications(box, hook):
    rule(box, "tell", {"SNSAction": {"TopicArn": box.topic}})
    post(box, f"ann@{DOMAIN}", subject="cut", more=f"X-Long: {'x' * 900}\r\n" * 20)
    told = json.loads(json.loads(hook.until(lambda seen: seen)[0][2])["Message"])
    assert told["mail"]["headersTruncated"] is True
    assert sum(len(one["name"]) + len(one["value"]) for one in told["mail"]["headers"]) < 10_240


def test_mail_that_is_no_message_is_refused_and_not_stored(box):
    rule(box, "keep", store())
    before = box.sandbox.call(box.services.store.messages.counts(box.account.id))["messages"]
    with smtp(box) as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("bob@elsewhere.test", [f"ann@{DOMAIN}"], "this is no header\r\n\r\nHello\r\n")
        assert client.noop()[0] == 250
    assert box.sandbox.call(box.services.store.messages.counts(box.account.id))["messages"] == before


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


def test_the_document_does_what_it_says(tmp_path, monkeypatch):
    """The walk-through of docs/ses-receiving.md, and mail that another provider delivers."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    (tmp_path / "suppressed.csv").write_text("gone@example.net,BOUNCE\n", "utf-8")
    settings = {"verified_identities": [SENDER, DOMAIN], "buckets": [{"name": "mail", "folder": str(tmp_path)}]}
    with Sandbox(ses=settings, providers=["ses", "oci"]) as box:
        names = {"email_sandbox": box}
        for block in blocks:
            exec(compile(block, str(DOCUMENT), "exec"), names)
        assert names["v2"].list_suppressed_destinations()["SuppressedDestinationSummaries"][0]["Reason"] == "BOUNCE"
        with box.oci.smtp.connect() as client:
            client.sendmail(box.oci.approved_sender, [f"ann@{DOMAIN}"], f"From: {box.oci.approved_sender}\n\nHello\n")
        message = box.wait_for("provider:ses", to=f"ann@{DOMAIN}", outcome="delivered")
        assert message.email["Received-SPF"].startswith("pass (spfCheck: domain of ")
        assert [file.read_bytes() for file in (tmp_path / "in").iterdir()] == [message.raw]
