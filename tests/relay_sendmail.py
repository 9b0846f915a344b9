"""A Sendmail of its own for a test: the programs unpacked and not installed, and a site that sends at once."""

import getpass
import os
import subprocess
from pathlib import Path

import pytest
from installed import debian_packages
from power_cut import can_trace

NEEDED = pytest.mark.skipif(
    not can_trace() or not list(Path("/usr/lib").glob("*/sasl2/libplain.so")),
    reason="Sendmail needs strace, leave to trace, and AUTH PLAIN (apt-get install strace libsasl2-modules)",
)
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
{settings}
FEATURE(`nocanonify')dnl
FEATURE(`access_db', `hash -T<TMPF> {folder}/access.db')dnl
MAILER(`smtp')dnl
"""
"""A site without a name server, in a folder of its own, that takes no server whose certificate it can't verify."""
IMPATIENT = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=clock_nanosleep"]
IMPATIENT += ["-e", "inject=clock_nanosleep:retval=0"]
"""On a machine without a domain Sendmail first sleeps for a minute, in the hope of one."""


class Sendmail:
    """A site in `folder`; skips the test when the programs can't be had."""

    def __init__(self, folder):
        self.programs, self.folder = debian_packages("sendmail", "sendmail-bin"), folder
        for name in ("sendmail", "makemap"):
            Path(self._program(name)).chmod(0o755)  # without the rights of the group of mail
        folder.chmod(0o755)
        libraries = ":".join(str(path) for path in self.programs.rglob("*-linux-gnu"))
        self._environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "RES_OPTIONS": "timeout:1 attempts:1"}
        self._environment["PATH"] = f"{self.programs}/usr/bin:{os.environ['PATH']}"
        (folder / "queue").mkdir(mode=0o700)
        (folder / "switch").write_text("hosts files\naliases files\n")

    def configure(self, settings):
        """With these lines in sendmail.mc; /etc/mail is the site's folder."""
        cf = f"{self.programs}/usr/share/sendmail/cf"
        own = settings.replace("/etc/mail", str(self.folder))
        macros = AROUND.format(cf=cf, folder=self.folder, user=getpass.getuser(), settings=own)
        (self.folder / "sendmail.cf").write_text(self._run("m4", text=macros)[1])
        self.map("access.db", "TLS_Srv: VERIFY\n")

    def map(self, name, text):
        """Make one of its maps."""
        command = [self._program("makemap"), "-C", self.folder / "sendmail.cf", "hash", self.folder / name]
        status, said = self._run(*command, text=text)
        assert status == 0, said

    def send(self, sender="noreply@example.com", to="ann@example.org"):
        """Deliver a message at once; returns (status, the conversation as Sendmail shows it)."""
        message = f"From: {sender}\nTo: {to}\nSubject: First mail\n\ntext\n.a dot\n"
        options = ["-C", self.folder / "sendmail.cf", "-v", "-i", "-odi", "-f", sender, to]
        return self._run(*IMPATIENT, self._program("sendmail"), *options, text=message)

    def queued(self):
        """How many messages wait for another attempt."""
        return len(list((self.folder / "queue").glob("qf*")))

    def _program(self, name):
        return f"{self.programs}/usr/libexec/sendmail/{name}"

    def _run(self, *command, text):
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=180, check=False, env=self._environment
        )
        return done.returncode, done.stdout + (done.stderr if done.returncode else "")
