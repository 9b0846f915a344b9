"""A Postfix of its own for a test: a null client whose relay settings the test gives, and its log."""

import contextlib
import os
import re
import shutil
import smtplib
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from free_port import free_port

NEEDED = pytest.mark.skipif(
    shutil.which("postfix") is None or os.geteuid() != 0,
    reason="Postfix is not installed (apt-get install postfix libsasl2-modules), or may not be started: needs root",
)
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
{settings}
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


class Relay:
    """One that runs in `folder` and listens on `port`."""

    def __init__(self, folder):
        self.folder, self.port, self._log = folder, free_port(), folder / "log"

    def relayed(self, sender, recipient, subject="First mail"):
        """Hand it a message; returns its log line about the recipient."""
        message = f"From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nHello\r\n"
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.sendmail(sender, [recipient], message)
        wanted = re.compile(rf"to=<{re.escape(recipient)}>.*status=.*")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if found := wanted.search(self.log()):
                return found[0]
            time.sleep(0.05)  # the log is a file: there is nothing to wait on
        raise AssertionError(self.log())

    def log(self):
        """All that it has logged."""
        with contextlib.suppress(FileNotFoundError):
            return self._log.read_text()
        return ""


@contextlib.contextmanager
def running(settings, passwords):
    """A started `Relay` with these lines in main.cf and in the map of passwords; /etc/postfix is its folder."""
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    relay = Relay(folder)
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    (folder / "sasl_passwd").write_text(passwords)
    (folder / "sasl_passwd").chmod(0o600)
    own = settings.replace("/etc/postfix", str(folder))
    (folder / "main.cf").write_text(MAIN.format(folder=folder, settings=own))
    (folder / "master.cf").write_text(MASTER.format(listen=relay.port))
    command = ["postfix", "-c", str(folder)]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=180, check=False)
    assert started.returncode == 0, started.stdout + started.stderr + relay.log()
    try:
        yield relay
    finally:
        subprocess.run([*command, "stop"], capture_output=True, timeout=180, check=False)
        shutil.rmtree(folder, ignore_errors=True)
