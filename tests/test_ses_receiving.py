"""Mail arrives for a verified domain: whom it is taken for and from, and what is kept of it."""

import base64
import email
import re
import smtplib
import ssl
from contextlib import closing
from pathlib import Path

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
    smtp,
    start_over,
    store,
)

from sandbox import Sandbox

DOCUMENT = Path(__file__).parents[1] / "docs" / "ses-receiving.md"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


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


def test_mail_that_is_no_message_is_refused_and_not_stored(box):
    rule(box, "keep", store())
    before = box.sandbox.call(box.services.store.messages.counts(box.account.id))["messages"]
    with smtp(box) as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("bob@elsewhere.test", [f"ann@{DOMAIN}"], "this is no header\r\n\r\nHello\r\n")
        assert client.noop()[0] == 250
    assert box.sandbox.call(box.services.store.messages.counts(box.account.id))["messages"] == before


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


def test_what_is_sent_to_a_received_domain_arrives_there(box):
    """As in life, where the domain's MX is the service's: the delivered copy, signatures and all, comes back in."""
    rule(box, "keep", store())
    box.send(f"ann@{DOMAIN}", "bob@elsewhere.test", text="round trip")
    record = arrived(box)
    message = email.message_from_bytes(octets(box, record))
    assert record.envelope.rcpt_to == (f"ann@{DOMAIN}",)
    assert message["X-SES-RECEIPT"]
    assert message.get_all("Received")[0].startswith("from ")


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
