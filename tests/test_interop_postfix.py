"""Postfix relays through OCI's listener: with a verified certificate, AUTH and its own view of the service's errors."""

import pytest
import relay_postfix
from dialogues import settings_of
from smtp_wire import stored

from sandbox.app import Sandbox

pytestmark = [pytest.mark.slow, relay_postfix.NEEDED]
SETTINGS = """\
relayhost = [localhost]:{port}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = texthash:/etc/postfix/sasl_passwd
smtp_sasl_security_options = noanonymous
smtp_tls_security_level = secure
smtp_tls_CAfile = {ca_file}
smtp_tls_mandatory_protocols = >=TLSv1.2
smtp_tls_loglevel = 1
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(settings_of('suppressed = ["gone@example.org"]')) as running:
        yield running


@pytest.fixture(scope="module")
def relay(sandbox):
    oci = sandbox.ready["oci"]
    port = next(entry["port"] for entry in oci["smtp"] if entry["stands_for"] == 587)
    passwords = f"[localhost]:{port} {oci['smtp_username']}:{oci['smtp_password']}\n"
    with relay_postfix.running(SETTINGS.format(port=port, ca_file=sandbox.ready["ca_file"]), passwords) as running:
        yield running


def test_postfix_relays_over_verified_tls(sandbox, relay):
    assert "status=sent (250 Ok)" in relay.relayed("noreply@example.com", "ann@example.org")
    ((record, octets),) = stored(sandbox)
    assert record.envelope.rcpt_to == ("ann@example.org",)
    assert b"Received: " in octets
    assert "Verified TLS connection established" in relay.log()
    assert "SIZE" in record.envelope.mail_params


def test_postfix_bounces_mail_of_a_sender_that_is_not_approved(relay):
    said = relay.relayed("stranger@example.net", "bob@example.org")
    assert "status=bounced" in said
    assert "535 Authorization failed: address stranger@example.net not authorized" in said


def test_postfix_takes_a_suppressed_recipient_for_sent(relay):
    assert "status=sent" in relay.relayed("noreply@example.com", "gone@example.org")
