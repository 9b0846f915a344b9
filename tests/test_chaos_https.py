"""Disturbances of an API's connection as the services' own SDKs meet them, over TLS: what they retry is sent twice."""

import time

import boto3
import oci
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, SSLError
from click.testing import CliRunner
from oci.email_data_plane import EmailDPClient, models
from ses_strict import settings_of

from sandbox.app import Sandbox
from sandbox.cli import commands
from sandbox.client import Client as Inspector
from sandbox.core.store.messages import Clause
from sandbox.settings import Settings

RETRY = oci.retry.RetryStrategyBuilder(
    max_attempts=3, retry_base_sleep_time_seconds=0, retry_max_wait_between_calls_seconds=0
)


class Oci:
    """OCI's SDK for Python."""

    def __init__(self, sandbox, *, retries):
        config = oci.config.from_file(sandbox.ready["oci"]["config_file"])
        strategy = RETRY.get_retry_strategy() if retries else oci.retry.NoneRetryStrategy()
        self._compartment = sandbox.ready["oci"]["compartment"]
        self._client = EmailDPClient(config, service_endpoint=sandbox.ready["https"], retry_strategy=strategy)

    def send(self, subject):
        sender = models.Sender(
            compartment_id=self._compartment, sender_address=models.EmailAddress(email="noreply@example.com")
        )
        to = models.Recipients(to=[models.EmailAddress(email="ann@example.org")])
        return self._client.submit_email(
            models.SubmitEmailDetails(sender=sender, recipients=to, subject=subject, body_text="text" * 100)
        ).status

    def close(self):
        self._client.base_client.session.close()


class Ses:
    """boto3."""

    def __init__(self, sandbox, *, retries):
        config = Config(retries={"total_max_attempts": 3 if retries else 1, "mode": "standard"})
        wanted = {**settings_of(sandbox), "endpoint_url": sandbox.ready["https"], "verify": sandbox.ready["ca_file"]}
        self._sender = sandbox.ready["ses"]["verified_identity"]
        self._client = boto3.client("sesv2", **{**wanted, "config": config})

    def send(self, subject):
        return self._client.send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [self._sender]},
            Content={"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": "text" * 100}}}},
        )["ResponseMetadata"]["HTTPStatusCode"]

    def close(self):
        self._client.close()


CLIENTS = {"oci": Oci, "ses": Ses}
BROKEN = (oci.exceptions.RequestException, oci.exceptions.ConnectTimeout, BotoCoreError)
"""What the SDKs raise for a connection that breaks."""


@pytest.fixture(scope="module")
def running():
    with Sandbox(Settings(data=":memory:", ports="auto", providers=["oci", "ses"])) as sandbox:
        yield sandbox


@pytest.fixture
def api(running):
    with Inspector(running.url) as inspector:
        yield inspector


@pytest.fixture(params=CLIENTS)
def make(request, sandbox, monkeypatch):
    """Makes a client of one of the services; `retries` lets it try again by itself."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", sandbox.ready["ca_file"])  # the only way to tell OCI's SDK
    made = []

    def client(*, retries):
        made.append(CLIENTS[request.param](sandbox, retries=retries))
        return made[-1]

    yield client
    for one in made:
        one.close()


def subjects(sandbox):
    page = sandbox.call(sandbox.runtime.services.store.messages.page("default", Clause()))
    return [record.subject for record in page.items]


def test_a_retry_after_a_cut_behind_the_commit_makes_a_duplicate(sandbox, api, make):
    """One call of the program, one answer, and two messages."""
    with api.fault("drop-after", stage="REQUEST", subject="Invoice*", times=1) as fault:
        assert make(retries=True).send("Invoice 1") == 200
        assert [one.fired for one in api.faults() if one.id == fault.id] == [1]
    assert subjects(sandbox) == ["Invoice 1", "Invoice 1"]


def test_a_retry_after_a_cut_before_the_commit_makes_none(sandbox, api, make):
    with api.fault("drop-before", stage="REQUEST", times=2):
        assert make(retries=True).send("Invoice 2") == 200
    assert subjects(sandbox) == ["Invoice 2"]


@pytest.mark.parametrize(("action", "kept"), [("drop-before", 0), ("drop-after", 1)])
def test_a_client_that_does_not_retry_learns_of_the_cut_only(sandbox, api, make, action, kept):
    with api.fault(action, stage="REQUEST", times=1), pytest.raises(BROKEN):
        make(retries=False).send("Invoice 3")
    assert len(subjects(sandbox)) == kept


def test_a_handshake_fails_and_the_retry_succeeds(sandbox, api, make):
    """Nothing was said on the connection that failed: no duplicate."""
    with api.fault("tls-handshake", stage="HANDSHAKE", times=1):
        with pytest.raises((oci.exceptions.RequestException, SSLError)):
            make(retries=False).send("Invoice 4")
        assert subjects(sandbox) == []
    with api.fault("tls-handshake", stage="HANDSHAKE", times=1):
        assert make(retries=True).send("Invoice 5") == 200
    assert subjects(sandbox) == ["Invoice 5"]


def test_handshakes_fail_in_the_order_that_was_asked_for(sandbox, api, make):
    """The second of three connections; the clear-text port has no handshakes and counts for nothing."""
    with api.fault("tls-handshake", stage="HANDSHAKE", after=1, times=1):
        make(retries=False).send("one")
        with pytest.raises((oci.exceptions.RequestException, SSLError)):
            make(retries=False).send("two")
        make(retries=False).send("three")
    assert sorted(subjects(sandbox)) == ["one", "three"]


def test_a_handshake_is_spoilt_from_the_command_line(sandbox, api, make):
    wish = ["fault", "add", "tls-handshake", "--stage", "HANDSHAKE", "--times", "1", "--url", sandbox.url]
    armed = CliRunner().invoke(commands, wish)
    assert armed.exit_code == 0, armed.output
    with pytest.raises((oci.exceptions.RequestException, SSLError)):
        make(retries=False).send("Invoice 6")


@pytest.mark.parametrize("wish", [{"seconds": 0.4}, {"bytes_per_second": 2000}], ids=["delay", "throttle"])
def test_a_call_is_held_up_and_nothing_else_changes(sandbox, api, make, wish):
    """The request has more than 800 octets, which takes that long at 2000 a second."""
    with api.fault("delay" if "seconds" in wish else "throttle", stage="REQUEST", times=1, **wish):
        client = make(retries=False)
        began = time.monotonic()
        assert client.send("slow") == 200
        assert time.monotonic() - began >= 0.3
    assert subjects(sandbox) == ["slow"]


def test_a_call_that_manages_resources_can_be_cut_off_too(sandbox, api):
    client = boto3.client(
        "sesv2", **{**settings_of(sandbox), "endpoint_url": sandbox.ready["https"]}, verify=sandbox.ready["ca_file"]
    )
    with api.fault("drop-after", stage="CONTROL", times=1), pytest.raises(BotoCoreError):
        client.create_email_identity(EmailIdentity="new@example.com")
    found = client.get_email_identity(EmailIdentity="new@example.com")
    client.close()
    assert found["IdentityType"] == "EMAIL_ADDRESS"


def test_the_same_in_a_test(email_sandbox):
    """The fixture's own way; what was armed and has not struck fails the test."""
    with email_sandbox.fault("drop-after", stage="REQUEST", times=1), pytest.raises(oci.exceptions.RequestException):
        client = EmailDPClient(**email_sandbox.oci.sdk_kwargs(), retry_strategy=oci.retry.NoneRetryStrategy())
        sender = models.Sender(
            compartment_id=email_sandbox.oci.compartment,
            sender_address=models.EmailAddress(email=email_sandbox.oci.approved_sender),
        )
        to = models.Recipients(to=[models.EmailAddress(email="ann@example.org")])
        client.submit_email(models.SubmitEmailDetails(sender=sender, recipients=to, subject="lost", body_text="text"))
    assert email_sandbox.wait_for(subject="lost").recipients == ["ann@example.org"]
