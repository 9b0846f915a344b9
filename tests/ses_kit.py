"""A sandbox with clients of Amazon's own SDK, for tests of what SES keeps, fills in and tells."""

import contextlib
import json
import smtplib
import ssl

import pytest
from botocore.exceptions import ClientError
from callback_listener import Listener
from exchanges import refusals
from ses_strict import client

from sandbox.app import Sandbox
from sandbox.core.dns.records import make
from sandbox.providers.ses import PROVIDER
from sandbox.settings import Ses, Settings

CATALOG = PROVIDER.catalog()
FROM = "noreply@example.com"
"""The identity that is verified from the start."""
EVERY = [
    "SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "OPEN", "CLICK", "RENDERING_FAILURE", "DELIVERY_DELAY",
    "SUBSCRIPTION",
]  # fmt: skip


class Kit:
    """A running sandbox and its clients; their answers are judged by the service's own model."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.sender = sandbox.ready["ses"]["verified_identity"]
        self.v1, self.v2, self.sns = (client(sandbox, name) for name in ("ses", "sesv2", "sns"))
        self.services = sandbox.runtime.services
        self.account = self.services.accounts.ready_made

    def send(self, *recipients, text="Hello", html=None, **more):
        """Send a formatted email through API v2; returns SES's id of it."""
        body = {"Text": {"Data": text}} | ({"Html": {"Data": html}} if html else {})
        return self.v2.send_email(
            FromEmailAddress=more.pop("sender", self.sender),
            Destination={"ToAddresses": list(recipients)},
            Content={"Simple": {"Subject": {"Data": "Hello"}, "Body": body}},
            **more,
        )["MessageId"]

    def refused(self, row, call, **given):
        """What a call is refused with, which must be this row of the catalog, by real behaviour."""
        with pytest.raises(ClientError) as caught:
            call(**given)
        entry = CATALOG.get(row)
        assert entry.id in refusals(self.sandbox), sorted(refusals(self.sandbox))
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (entry.code, entry.status)
        return answer["Error"]["Message"]

    def record(self, message_id):
        """The stored message that SES knows by this id."""
        return self.sandbox.call(self.services.store.messages.by_envelope(self.account.id, "ses", message_id))

    def raw(self, message_id):
        """Its octets as accepted."""
        return self.sandbox.call(self.services.store.messages.raw(self.account.id, self.record(message_id).id))

    def copy(self, message_id, recipient):
        """What a recipient gets of it, as text."""
        record = self.record(message_id)
        copies = self.services.providers["ses"].copies
        made = self.sandbox.call(copies.get(self.account, record, self.raw(message_id), recipient))
        return made.octets.decode()


@contextlib.contextmanager
def kit(**ses):
    """A sandbox with these settings of SES."""
    with Sandbox(Settings(data=":memory:", ports="auto", providers=["ses"], ses=Ses(**ses))) as sandbox:
        yield Kit(sandbox)


def simple(**body):
    """The content of a formatted email for API v2."""
    return {"Simple": {"Subject": {"Data": "Hello"}, "Body": body or {"Text": {"Data": "Hello"}}}}


def older(**more):
    """A formatted email for API v1."""
    message = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}
    return {"Source": FROM, "Destination": {"ToAddresses": ["ann@example.net"]}, "Message": message, **more}


def by_smtp(box, headers=""):
    """Send a message over SMTP; returns the reply to its end."""
    ready = box.sandbox.ready
    own, listener = ready["ses"], ready["ses"]["smtp"][0]
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        smtp.login(own["smtp_username"], own["smtp_password"])
        smtp.mail(FROM)
        smtp.rcpt("ann@example.net")
        return smtp.data(f"From: {FROM}\r\n{headers}\r\nHello")


def publish(box, domain, *records):
    """A zone of the sandbox's with these records: (name, type, data)."""
    made = [make(name, kind, 300, data) for name, kind, data in records]
    zones = box.services.dns.zones
    box.sandbox.call(zones.create(box.account, domain, zone_id=domain, servers=("ns1.dns.example",), records=made))


class Topic(Listener):
    """A subscriber of a topic: notifications come as SES events, taken out of what SNS posts."""

    def events(self, kind=None, message_id=None):
        """The SES events that came so far, of a kind and about a message."""
        found = [event for event in map(_event, self.seen) if event]
        return [event for event in found if _is(event, kind, message_id)]

    def event(self, kind, message_id=None):
        """The first event of a kind about a message; waits for it."""
        return self.until(lambda _: self.events(kind, message_id))[0]


def _event(request):
    posted = json.loads(request[2])
    if posted.get("Type") != "Notification":
        return None
    try:
        return json.loads(posted["Message"])
    except ValueError:
        return None


def _is(event, kind, message_id):
    named = event.get("eventType") or event.get("notificationType")
    return kind in (None, named) and message_id in (None, event.get("mail", {}).get("messageId"))
