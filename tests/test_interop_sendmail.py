"""Sendmail delivers through OCI's listener, configured as the documentation says, and meets the service's errors."""

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import relay_sendmail
from dialogues import sessions, settings_of
from relay_sendmail import Sendmail
from smtp_wire import stored

from sandbox.app import Sandbox

pytestmark = [pytest.mark.slow, relay_sendmail.NEEDED]
DOCUMENTED = re.search(
    r"## Sendmail\n.*?```\n(.*?)```", (Path(__file__).parents[1] / "docs" / "smtp.md").read_text("utf-8"), re.DOTALL
)[1]
"""The lines that the documentation gives for a site's sendmail.mc."""
STRANGER = "stranger@example.net"
GONE = "gone@example.org"


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings_of(f'suppressed = ["{GONE}"]\nauth_failures = 1000')) as sandbox:
        yield sandbox


@pytest.fixture
def sendmail(sandbox, tmp_path):
    shutil.copy(sandbox.ready["ca_file"], tmp_path / "ca.pem")
    site = Sendmail(tmp_path)
    configure(site, sandbox)
    know(site, sandbox)
    return site


def configure(site, sandbox):
    """The documented lines with the sandbox's port."""
    port = next(entry["port"] for entry in sandbox.ready["oci"]["smtp"] if entry["stands_for"] == 587)
    site.configure(DOCUMENTED.replace("1587", str(port)))


def know(site, sandbox, password=None):
    """Note the user and a password in the map of credentials."""
    oci = sandbox.ready["oci"]
    site.map("authinfo.db", f'AuthInfo: "U:{oci["smtp_username"]}" "P:{password or oci["smtp_password"]}" "M:PLAIN"\n')


def test_sendmail_delivers_as_documented(sandbox, sendmail):
    """Over verified TLS; it names its user twice in AUTH PLAIN, and the sender again in AUTH= of MAIL."""
    status, said = sendmail.send()
    assert status == 0, said
    assert "Sent (Ok)" in said
    ((record, octets),) = stored(sandbox)
    assert record.envelope.rcpt_to == ("ann@example.org",)
    assert record.envelope.mail_params["AUTH"] == "noreply@example.com"
    assert octets.endswith(b"\r\n\r\ntext\r\n.a dot\r\n")
    user, password = sandbox.ready["oci"]["smtp_username"], sandbox.ready["oci"]["smtp_password"]
    secret = re.search(r">>> AUTH PLAIN (\S+)", said)[1]
    assert base64.b64decode(secret).decode().split("\0") == [user, user, password]


def test_sendmail_trusts_no_other_server(sandbox, sendmail, tmp_path):
    """With another authority nothing is said under TLS, and the message waits: the delivery above was verified."""
    other = tmp_path / "other.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", *key, "-out", other, "-days", "2", "-subj", "/CN=other"],
        check=True,
        capture_output=True,
    )
    shutil.copy(other, tmp_path / "ca.pem")
    configure(sendmail, sandbox)
    status, said = sendmail.send()
    assert (status, sendmail.queued()) == (0, 1), said
    assert "AUTH" not in said
    assert stored(sandbox) == []


def test_sendmail_bounces_mail_of_a_sender_that_is_not_approved(sandbox, sendmail):
    """Its bounce, from nobody, is refused too."""
    status, said = sendmail.send(STRANGER)
    assert status == 69, said
    assert f"535 Authorization failed: address {STRANGER} not authorized" in said
    assert ">>> MAIL From:<>" in said
    last = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]
    assert [refusal["error"] for refusal in last.refusals] == ["oci.smtp.535.sender-not-authorized"] * 2
    assert stored(sandbox) == []


def test_sendmail_takes_a_suppressed_recipient_for_sent(sandbox, sendmail):
    status, said = sendmail.send(to=GONE)
    assert status == 0, said
    assert "254 4.7.1 Suppression for user" in said
    assert "Sent (Ok)" in said
    assert [record.envelope.rcpt_to for record, _ in stored(sandbox)] == [(GONE,)]


def test_sendmail_bounces_with_a_wrong_password(sandbox, sendmail):
    """It goes on without having logged in, and meets the next refusal."""
    know(sendmail, sandbox, "wrong")
    status, said = sendmail.send()
    assert status == 69, said
    assert "535 Authentication credentials invalid" in said
    assert "535 Authentication required" in said
    assert stored(sandbox) == []
