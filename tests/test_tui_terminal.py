"""The inspector in a real terminal, from end to end: mail arrives, an error is forced, the refusal and its reason show."""

import json
import os
import shlex
import shutil
import smtplib
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from sandbox.client import Client

COMMAND = Path(sys.executable).with_name("email-sandbox")
PATIENCE = 60.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed: apt-get install tmux"),
]


@pytest.fixture
def terminal(tmp_path):
    """A terminal of its own: `run` starts a command in it, `keys` types, `screen` reads, `sees` waits for words."""
    made = Terminal(tmp_path)
    yield made
    made.tmux("kill-server")


class Terminal:
    def __init__(self, folder):
        self._socket = folder / "tmux.sock"
        self._folder = folder

    def tmux(self, *arguments):
        command = ["tmux", "-f", "/dev/null", "-S", str(self._socket), *arguments]
        environment = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout

    def run(self, *command):
        settings = {"XDG_CONFIG_HOME": str(self._folder), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        pairs = [f"{name}={value}" for name, value in settings.items()]
        # Readline leaves a size in the environment of its process, which would count for more than the terminal's own.
        line = shlex.join(["env", "-u", "COLUMNS", "-u", "LINES", *pairs, *map(str, command)])
        self.tmux("new-session", "-d", "-x", "120", "-y", "40", "-c", str(self._folder), f"{line}; sleep 600")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def sees(self, *texts, no=None):
        """Wait until the screen shows all these, and not `no`."""
        end = time.monotonic() + PATIENCE
        while not all(text in self.screen() for text in texts) or (no and no in self.screen()):
            assert time.monotonic() < end, f"in vain for {texts}:\n{self.screen()}"
            time.sleep(0.05)


def send(oci, subject):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = oci.approved_sender, "ann@example.net", subject
    message.set_content("Hello from a program.\n")
    with smtplib.SMTP(oci.smtp.host, oci.smtp.port, timeout=20) as smtp:
        smtp.starttls(context=oci.smtp.ssl_context())
        smtp.login(oci.smtp.username, oci.smtp.password)
        smtp.send_message(message)


def test_mail_arrives_is_refused_and_the_reason_is_seen(terminal, email_sandbox):
    terminal.run(COMMAND, "tui", "--url", email_sandbox.url)
    terminal.sees("● live", "no messages yet")

    send(email_sandbox.oci, "First")
    terminal.sees("First", "Hello from a program.", "delivered", "1 messages, 1 unread")

    terminal.keys("4")
    terminal.sees(f"{len(email_sandbox.errors())} of {len(email_sandbox.errors())} errors")
    terminal.sees("f Force")
    terminal.keys("/")
    terminal.sees("search:", no="f Force")  # the search line has the keys now
    terminal.type("oci.smtp.452.storage")
    terminal.sees("1 of ", "System storage error")
    terminal.keys("Enter")
    terminal.sees("f Force")
    terminal.keys("o")
    terminal.sees("1 armed", "1 times")

    with pytest.raises(smtplib.SMTPException, match="System storage error"):
        send(email_sandbox.oci, "Second")
    terminal.keys("2")
    terminal.sees("✗ forced 452", "forced: oci.smtp.452.storage", "why:", "C: ", "S: ")

    send(email_sandbox.oci, "Third")
    terminal.keys("1")
    terminal.sees("Third", "First", "2 messages", "1 refused")


def test_serve_with_the_inspector_is_one_program_and_ends_with_it(terminal, tmp_path):
    ready = tmp_path / "ready.json"
    terminal.run(COMMAND, "serve", "--tui", "--ports", "auto", "--data", ":memory:", "--ready-file", ready)
    terminal.sees("● live", "no messages yet")
    url = json.loads(ready.read_text("utf-8"))["http"]
    with Client(url) as client:
        send(client.oci, "In one terminal")
    terminal.sees("In one terminal")

    terminal.keys("q")

    end = time.monotonic() + PATIENCE
    while ready.exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    with Client(url) as client, pytest.raises(Exception, match="no email sandbox answers"):
        client.status()


def test_the_pager_gets_the_terminal_and_gives_it_back(terminal, email_sandbox, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\necho "PAGER HAS IT"; head -c 200 "$1"; read answer\n')
    pager.chmod(0o755)
    send(email_sandbox.oci, "Paged")
    terminal.run("env", f"PAGER={pager}", COMMAND, "tui", "--url", email_sandbox.url)
    terminal.sees("● live", "Paged", "Hello from a program.")

    terminal.keys("p")
    terminal.sees("PAGER HAS IT")
    terminal.keys("Enter")
    terminal.sees("● live", "Hello from a program.")
