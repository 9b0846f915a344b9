"""Sendmail delivers through OCI's listener, configured as the documentation says, and meets the service's errors."""

import base64
import getpass
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from dialogues import sessions, settings_of
from installed import debian_packages
from power_cut import can_trace
from smtp_wire import stored

from sandbox.app import Sandbox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_trace(), reason="strace is not installed, or programs may not be traced here"),
    pytest.mark.skipif(
        not list(Path("/usr/lib").glob("*/sasl2/libplain.so")),
        reason="Sendmail needs AUTH PLAIN (apt-get install libsasl2-modules)",
    ),
]
DOCUMENTED = re.search(
    r"## Sendmail\n.*?```\n(.*?)```", (Path(__file__).parents[1] / "docs" / "smtp.md").read_text("utf-8"), re.DOTALL
)[1]
"""The lines that the documentation gives for a site's sendmail.mc."""
AROUND = """\
define(`_CF_DIR_', `{cf}/')dnl
include(`{cf}/m4/cf.m4')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `client.example.com')dnl
define(`QUEUE_DIR', `{folder}/queue')dnl
define(`STATUS_FILE', `')dnl
define(`ALIAS_FILE', `')dnl
define(`confTRUSTED_USERS', `{user}')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/switch')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,MapInUnsafeDirPath')dnl
{documented}
FEATURE(`nocanonify')dnl
FEATURE(`access_db', `hash -T<TMPF> {folder}/access.db')dnl
MAILER(`smtp')dnl
"""
"""A site without a name server, in a folder of its own, that takes no server whose certificate it can't verify."""
IMPATIENT = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=clock_nanosleep"]
IMPATIENT += ["-e", "inject=clock_nanosleep:retval=0"]
"""On a machine without a domain Sendmail first sleeps for a minute, in the hope of one."""
STRANGER = "stranger@example.net"
GONE = "gone@example.org"


class Sendmail:
    """The programs, unpacked and not installed, and a site's configuration."""

    def __init__(self, programs, folder, oci):
        self.programs, self.folder, self.oci = programs, folder, oci
        libraries = ":".join(str(path) for path in programs.rglob("*-linux-gnu"))
        self.environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "RES_OPTIONS": "timeout:1 attempts:1"}
        self.environment["PATH"] = f"{programs}/usr/bin:{os.environ['PATH']}"
        (folder / "queue").mkdir(mode=0o700)
        (folder / "switch").write_text("hosts files\naliases files\n")

    def configure(self, authority):
        """The documented lines with this site's port and files; `authority` is the file of the one that it trusts."""
        port = next(entry["port"] for entry in self.oci["smtp"] if entry["stands_for"] == 587)
        documented = DOCUMENTED.replace("1587", str(port)).replace("/etc/mail/ca.pem", str(authority))
        documented = documented.replace("/etc/mail", str(self.folder))
        cf = f"{self.programs}/usr/share/sendmail/cf"
        macros = AROUND.format(cf=cf, folder=self.folder, user=getpass.getuser(), documented=documented)
        (self.folder / "sendmail.cf").write_text(self.run("m4", text=macros)[1])

    def know(self, password):
        """Note the user and a password in the map of credentials."""
        self.map("authinfo.db", f'AuthInfo: "U:{self.oci["smtp_username"]}" "P:{password}" "M:PLAIN"\n')

    def map(self, name, text):
        """Make one of its maps."""
        command = [self.program("makemap"), "-C", self.folder / "sendmail.cf", "hash", self.folder / name]
        status, said = self.run(*command, text=text)
        assert status == 0, said

    def send(self, sender="noreply@example.com", to="ann@example.org"):
        """Deliver a message at once; returns (status, the conversation as Sendmail shows it)."""
        message = f"From: {sender}\nTo: {to}\nSubject: interop\n\ntext\n.a dot\n"
        options = ["-C", self.folder / "sendmail.cf", "-v", "-i", "-odi", "-f", sender, to]
        return self.run(*IMPATIENT, self.program("sendmail"), *options, text=message)

    def queued(self):
        """How many messages wait for another attempt."""
        return len(list((self.folder / "queue").glob("qf*")))

    def program(self, name):
        return f"{self.programs}/usr/libexec/sendmail/{name}"

    def run(self, *command, text):
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=60, check=False, env=self.environment
        )
        return done.returncode, done.stdout + (done.stderr if done.returncode else "")


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings_of(f'suppressed = ["{GONE}"]\nauth_failures = 1000')) as sandbox:
        yield sandbox


@pytest.fixture
def sendmail(sandbox, tmp_path):
    programs = debian_packages("sendmail", "sendmail-bin")
    for name in ("sendmail", "makemap"):
        (programs / "usr/libexec/sendmail" / name).chmod(0o755)  # without the rights of the group of mail
    tmp_path.chmod(0o755)
    shutil.copy(sandbox.ready["ca_file"], tmp_path / "ca.pem")
    site = Sendmail(programs, tmp_path, sandbox.ready["oci"])
    site.configure(tmp_path / "ca.pem")
    site.map("access.db", "TLS_Srv: VERIFY\n")
    site.know(site.oci["smtp_password"])
    return site


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
    sendmail.configure(other)
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
    sendmail.know("wrong")
    status, said = sendmail.send()
    assert status == 69, said
    assert "535 Authentication credentials invalid" in said
    assert "535 Authentication required" in said
    assert stored(sandbox) == []
