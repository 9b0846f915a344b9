"""Where a user follows a recipe of `env --for`: what is printed, a folder of the user's own, programs that are started."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from sandbox.cli import commands

PROVIDERS = ("oci", "ses", "ibm")
ODD = "o'd\"d\\n$HOME`x` #{y} %41 ^:;&|<>~!,=?@/"
"""A password that each format has to write in its own way."""
PATIENCE = 240
"""Seconds that a program may take; a test fails when it hangs, not when the machine is slow."""
MESSAGE = "From: {sender}\nTo: ann@example.net\nSubject: First mail\n\nHello\n"


def printed(sandbox, tool, provider):
    """What `env` prints for a tool and a provider."""
    arguments = ["env", "--provider", provider, "--for", tool]
    done = CliRunner(env={"EMAIL_SANDBOX_URL": sandbox.url}).invoke(commands, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a recipe is followed: a folder of its own, and who sends."""

    folder: Path
    sender: str
    ca_file: str

    def write(self, name, text, mode=0o600):
        """A file in the folder."""
        file = self.folder / name
        file.write_text(text, "utf-8")
        file.chmod(mode)
        return file

    def run(self, *command, text="", **environment):
        """(status, everything it said)."""
        done = subprocess.run(
            [str(word) for word in command],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
            cwd=self.folder,
            env={**_plain_environment(), "HOME": str(self.folder), **environment},
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def message(self):
        """A message for programs that are given one."""
        return MESSAGE.format(sender=self.sender)


def _plain_environment():
    """This process's environment without what would make programs trust other authorities."""
    trusting = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "PYTHONPATH", "CURL_CA_BUNDLE")
    return {name: value for name, value in os.environ.items() if name not in trusting}


def trusted(text):
    """The file that the recipe says to set SSL_CERT_FILE to."""
    return re.search(r"SSL_CERT_FILE=(\S+)", text)[1].strip("'")


def other_authority(folder):
    """The file of an authority that signed nothing here."""
    file = folder / "other.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "other.key"]
    command = ["openssl", "req", "-x509", *key, "-out", file, "-days", "2", "-subj", "/CN=other"]
    subprocess.run(command, check=True, capture_output=True)
    return file
