"""Postfix relays through OCI's listener: with a verified certificate, AUTH and its own view of the service's errors."""

import contextlib
import os
import re
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from dialogues import settings_of
from smtp_wire import stored

from sandbox.app import Sandbox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("postfix") is None or os.geteuid() != 0,
        reason="Postfix is not installed (apt-get install postfix libsasl2-modules), or may not be started: needs root",
    ),
]
MESSAGE = "From: noreply@example.com\r\nTo: ann@example.org\r\nSubject: relayed\r\n\r\ntext\r\n"
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = relay.example.com
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
notify_classes =
relayhost = [localhost]:{port}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = texthash:{folder}/sasl
smtp_sasl_security_options = noanonymous
smtp_tls_security_level = secure
smtp_tls_CAfile = {folder}/ca.pem
smtp_tls_mandatory_protocols = >=TLSv1.2
smtp_tls_loglevel = 1
"""
MASTER = """\
127.0.0.1:{listen} inet n - n - - smtpd
pickup   unix n - n 60  1 pickup
cleanup  unix n - n -   0 cleanup
qmgr     unix n - n 300 1 qmgr
tlsmgr   unix - - n 1000? 1 tlsmgr
rewrite  unix - - n -   - trivial-rewrite
bounce   unix - - n -   0 bounce
defer    unix - - n -   0 bounce
trace    unix - - n -   0 bounce
verify   unix - - n -   1 verify
flush    unix n - n 1000? 0 flush
smtp     unix - - n -   - smtp
relay    unix - - n -   - smtp
proxymap unix - - n -   - proxymap
showq    unix n - n -   - showq
error    unix - - n -   - error
retry    unix - - n -   - error
discard  unix - - n -   - discard
anvil    unix - - n -   1 anvil
scache   unix - - n -   1 scache
postlog  unix-dgram n - n - 1 postlogd
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(settings_of('suppressed = ["gone@example.org"]')) as running:
        yield running


@pytest.fixture(scope="module")
def postfix(sandbox):
    """(port of the relay, its log)."""
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    oci, listen = sandbox.ready["oci"], free_port()
    port = next(entry["port"] for entry in oci["smtp"] if entry["stands_for"] == 587)
    (folder / "queue").mkdir()
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.copy(sandbox.ready["ca_file"], folder / "ca.pem")
    (folder / "ca.pem").chmod(0o644)
    (folder / "sasl").write_text(f"[localhost]:{port} {oci['smtp_username']}:{oci['smtp_password']}\n")
    (folder / "main.cf").write_text(MAIN.format(folder=folder, port=port))
    (folder / "master.cf").write_text(MASTER.format(listen=listen))
    command = ["postfix", "-c", str(folder)]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=60, check=False)
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield listen, folder / "log"
    finally:
        subprocess.run([*command, "stop"], capture_output=True, timeout=60, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def relayed(postfix, sender, recipient):
    """Hand a message to the relay; returns its log line about the recipient."""
    port, log = postfix
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail(sender, [recipient], MESSAGE)
    wanted = re.compile(rf"to=<{re.escape(recipient)}>.*status=.*")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if found := wanted.search(log.read_text()):
                return found[0]
        time.sleep(0.05)  # the log is a file: there is nothing to wait on
    raise AssertionError(log.read_text())


def test_postfix_relays_over_verified_tls(sandbox, postfix):
    assert "status=sent (250 Ok)" in relayed(postfix, "noreply@example.com", "ann@example.org")
    ((record, octets),) = stored(sandbox)
    assert record.envelope.rcpt_to == ("ann@example.org",)
    assert b"Received: " in octets
    assert "Verified TLS connection established" in postfix[1].read_text()
    assert "SIZE" in record.envelope.mail_params


def test_postfix_bounces_mail_of_a_sender_that_is_not_approved(postfix):
    said = relayed(postfix, "stranger@example.net", "bob@example.org")
    assert "status=bounced" in said
    assert "535 Authorization failed: address stranger@example.net not authorized" in said


def test_postfix_takes_a_suppressed_recipient_for_sent(postfix):
    assert "status=sent" in relayed(postfix, "noreply@example.com", "gone@example.org")
