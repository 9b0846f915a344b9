"""Mail that arrives at SES: a sandbox with what receipt rules act on, rules in force, who posts, and what came of it."""

import contextlib
import smtplib
import ssl

from callback_listener import PATIENCE
from ses_kit import kit

from sandbox.core.store.messages import Clause

DOMAIN = "inbox.example"
SENDER = "noreply@example.com"


@contextlib.contextmanager
def receiving(folder, hook):
    """A sandbox with a verified domain, a bucket in a folder, and a function and a topic that tell a listener."""
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


def start_over(box, hook):
    """Put a fresh, empty rule set in force, with nothing told yet."""
    if "main" in [one["Name"] for one in box.v1.list_receipt_rule_sets()["RuleSets"]]:
        box.v1.set_active_receipt_rule_set()
        box.v1.delete_receipt_rule_set(RuleSetName="main")
    for one in box.v1.list_receipt_filters()["Filters"]:
        box.v1.delete_receipt_filter(FilterName=one["Name"])
    box.v1.create_receipt_rule_set(RuleSetName="main")
    box.v1.set_active_receipt_rule_set(RuleSetName="main")
    hook.seen.clear()
    hook.body = b""


def rule(box, name, *actions, after=None, **more):
    """Add a rule that is in force, behind the others."""
    rules = [one["Name"] for one in box.v1.describe_receipt_rule_set(RuleSetName="main").get("Rules", [])]
    given = {"Name": name, "Enabled": True, "Actions": list(actions), **more}
    place = {"After": after or rules[-1]} if rules else {}
    box.v1.create_receipt_rule(RuleSetName="main", Rule=given, **place)


def store(prefix=""):
    """An action that keeps the message in the bucket."""
    return {"S3Action": {"BucketName": "kept", "ObjectKeyPrefix": prefix}}


def header(name, value):
    """An action that adds a header field."""
    return {"AddHeaderAction": {"HeaderName": name, "HeaderValue": value}}


def smtp(box, stands_for=25):
    """A connection to one of the endpoints."""
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
    """What `look` finds, once it finds something; it looks again after each event."""

    async def found():
        with box.services.stream.subscribe(None) as subscription:
            while (result := await look()) is None:
                assert await subscription.take(PATIENCE), "it never came"
            return result

    return box.sandbox.call(found())


def octets(box, record):
    """The message as it arrived."""
    return box.sandbox.call(box.services.store.messages.raw(box.account.id, record.id))


def details(record):
    """Address → (outcome, what was done for it)."""
    return {one.address: (str(one.outcome), one.detail) for one in record.recipients}
