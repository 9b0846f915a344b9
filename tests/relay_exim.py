"""An Exim of its own for a test: unpacked and not installed, with its user from a list of users of the test's own."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from installed import debian_packages

NEEDED = pytest.mark.skipif(os.geteuid() != 0, reason="Exim gives up root's rights: needs root")
USER, NUMBER = "Debian-exim", 61_234
"""The user that Debian's Exim is built for; nobody has the number."""
MAIN = """\
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
exim_user = {user}
exim_group = {user}
deliver_drop_privilege
never_users =
trusted_users = root
primary_hostname = client.example.com
domainlist local_domains =
keep_environment = ^NSS_WRAPPER : LD_PRELOAD
"""


class Exim:
    """A site in `folder`; skips the test when the program can't be had."""

    def __init__(self, folder):
        self.folder = folder
        programs = debian_packages("exim", "exim4-daemon-light", "libnss-wrapper")
        self.program = programs / "usr/sbin/exim4"
        self.program.chmod(0o755)  # a program with another's rights takes no libraries of ours
        (library,) = programs.rglob("libnss_wrapper.so")
        self._environment = {**os.environ, "LD_PRELOAD": str(library)}
        for name, row in (("passwd", f"{USER}:x:{NUMBER}:{NUMBER}::/:/bin/false"), ("group", f"{USER}:x:{NUMBER}:")):
            (folder / name).write_text(f"{Path('/etc', name).read_text('utf-8')}{row}\n", "utf-8")
            self._environment[f"NSS_WRAPPER_{name.upper()}"] = str(folder / name)
        for name in ("spool", "log"):
            (folder / name).mkdir()
            os.chown(folder / name, NUMBER, NUMBER)

    def configure(self, settings):
        """With these sections; /etc/exim4 is the site's folder."""
        main = MAIN.format(program=self.program, folder=self.folder, user=USER)
        configuration = self.folder / "exim.conf"
        configuration.write_text(main + settings.replace("/etc/exim4", str(self.folder)))
        configuration.chmod(0o644)

    def send(self, sender="noreply@example.com", to="ann@example.org"):
        """Deliver a message at once; returns its line in the log, of the recipient."""
        message = f"From: {sender}\nTo: {to}\nSubject: First mail\n\ntext\n"
        command = [self.program, "-C", self.folder / "exim.conf", "-odf", "-f", sender, to]
        done = subprocess.run(
            command, input=message, capture_output=True, text=True, timeout=120, check=False, env=self._environment
        )
        log = (self.folder / "log" / "mainlog").read_text()
        found = re.findall(rf"[=*-][=*>] {re.escape(to)} .*", log)
        assert found, done.stdout + done.stderr + log
        return found[-1]
