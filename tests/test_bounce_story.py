"""A bounce from beginning to end, with the service's own clients."""

import smtplib
import ssl
from email import message_from_bytes

import oci
import pytest
from flufl.bounce import scan_message
from oci.email_data_plane.models import EmailAddress, Recipients, Sender, SubmitEmailDetails
from oci_tools import Cli

import sandbox

ADDRESS = "ann@no-mx.example"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def box():
    with sandbox.Sandbox() as running:
        yield running


def by_smtp(box, recipient):
    """Send through SMTP; the refused recipients as smtplib tells them."""
    smtp = box.oci.smtp
    with smtplib.SMTP(smtp.host, smtp.port, timeout=60) as client:
        client.starttls(context=ssl.create_default_context(cafile=smtp.ca_file))
        client.login(smtp.username, smtp.password)
        text = f"From: {box.oci.approved_sender}\r\nSubject: by smtp\r\n\r\nHello\r\n"
        try:
            return client.sendmail(box.oci.approved_sender, [recipient], text)
        except smtplib.SMTPRecipientsRefused as refused:
            return refused.recipients


def by_https(box, recipient):
    """Submit through HTTPS; the suppressed recipients as the SDK tells them."""
    client = oci.email_data_plane.EmailDPClient(box.oci.sdk_config(), service_endpoint=box.url)
    sender = Sender(sender_address=EmailAddress(email=box.oci.approved_sender), compartment_id=box.oci.compartment)
    details = SubmitEmailDetails(
        sender=sender,
        recipients=Recipients(to=[EmailAddress(email=recipient)]),
        subject="by https",
        body_text="Hello",
    )
    return [one.email for one in client.submit_email(details).data.suppressed_recipients]


def test_a_domain_without_mx_bounces_until_it_is_mended(box):
    command = Cli(box, box.oci.region)
    dns = oci.dns.DnsClient(box.oci.sdk_config(), service_endpoint=box.url)
    zone = oci.dns.models.CreateZoneDetails(
        name="no-mx.example", zone_type="PRIMARY", compartment_id=box.oci.compartment
    )
    dns.create_zone(zone)

    assert by_smtp(box, ADDRESS) == {}
    bounced = box.wait_for(query="outcome:hard_bounced", timeout=60)
    (report,) = box.reports(bounced)
    assert scan_message(message_from_bytes(report.raw)) == {ADDRESS.encode()}

    tenancy = box.oci.tenancy
    (entry,) = command.json("email", "suppression", "list", "--compartment-id", tenancy, "--all")["data"]
    assert (entry["email-address"], entry["reason"]) == (ADDRESS, "HARDBOUNCE")
    whole = command.json("email", "suppression", "get", "--suppression-id", entry["id"])["data"]
    assert whole["error-detail"].startswith("550 5.")
    assert whole["message-id"] == bounced.data["message_id"]

    (code, words) = by_smtp(box, ADDRESS)[ADDRESS]
    assert (code, words.decode()) == (254, f"4.7.1 Suppression for user {box.oci.user} to {ADDRESS}")
    assert by_https(box, ADDRESS) == [ADDRESS]

    record = oci.dns.models.RecordOperation(
        domain="no-mx.example", rtype="MX", rdata="10 mx.elsewhere.example.", ttl=60, operation="ADD"
    )
    dns.patch_zone_records("no-mx.example", oci.dns.models.PatchZoneRecordsDetails(items=[record]))
    command.text("email", "suppression", "delete", "--suppression-id", entry["id"], "--force")
    assert by_https(box, ADDRESS) == []
    box.wait_for(query='outcome:delivered subject:"by https"', timeout=60)
