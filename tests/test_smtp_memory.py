"""What one client sends costs no more memory than what is kept of it."""

import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median

import left_in_memory
import pytest
from dialogues import settings_of
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.core.clock import Clock
from sandbox.core.model import Channel
from sandbox.core.transcript import MESSAGES, REFUSALS, Transcript
from sandbox.wire.smtp.commands import summary

HEADER = b"From: noreply@example.com\r\n"


def resident(pid):
    """Octets of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def most(pid):
    """Octets of memory that a process has had at the most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


@contextmanager
def serving(folder, *flags):
    """A whole sandbox in a process of its own, so that nothing else is measured: the process, and a client before DATA."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "sandbox", "serve", "--ports", "auto", "--providers", "oci", *flags]
    server = subprocess.Popen(
        [*command, "--data", str(folder / "data"), "--ready-file", str(ready)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        oci, ca = (json.loads(ready.read_text())[name] for name in ("oci", "ca_file"))
        port = next(entry["port"] for entry in oci["smtp"] if entry["stands_for"] == 587)
        with smtplib.SMTP("localhost", port, timeout=60) as client:
            client.starttls(context=ssl.create_default_context(cafile=ca))
            client.login(oci["smtp_username"], oci["smtp_password"])
            client.sendmail("noreply@example.com", ["a@example.org"], HEADER + b"\r\nx\r\n")
            client.mail("noreply@example.com")
            client.rcpt("a@example.org")
            client.docmd("DATA")
            yield server, client
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(120)


MEASURED = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc to measure with")
CHUNK = (b"y" * 998 + b"\r\n") * 1000


@MEASURED
def test_100_mb_against_a_limit_of_2_mb_cost_less_than_20_mb(tmp_path):
    with serving(tmp_path) as (server, client):
        before = peak = resident(server.pid)
        for _ in range(100):
            client.sock.sendall(CHUNK)
            peak = max(peak, resident(server.pid))
        client.sock.sendall(b".\r\n")
        assert client.getreply() == (552, b"Exceeds byte limit")
        peak = max(peak, resident(server.pid))
        assert client.noop()[0] == 250
    assert peak - before < 20_000_000


@MEASURED
def test_a_message_of_60_mb_costs_less_than_twice_its_size(tmp_path):
    with serving(tmp_path, "--oci-max-message-bytes", "70000000") as (server, client):
        before = most(server.pid)
        client.sock.sendall(HEADER + b"\r\n")
        for _ in range(60):
            client.sock.sendall(CHUNK)
        client.sock.sendall(b".\r\n")
        assert client.getreply() == (250, b"Ok")
        assert most(server.pid) - before < 2 * 60 * len(CHUNK)


def test_a_message_leaves_nothing_behind_in_memory(tmp_path):
    """In a process of its own: one that has run other tests has blocks come and go besides."""
    ran = subprocess.run(
        [sys.executable, left_in_memory.__file__, tmp_path], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    blocks = json.loads(ran.stdout)
    assert len(blocks) == left_in_memory.BATCHES
    grown = [after - before for before, after in pairwise(blocks[2:])]  # the first ones meet what is kept from then on
    assert median(grown) / left_in_memory.BATCH < 0.5, grown


def test_refusals_without_end_are_not_kept_without_end():
    with Sandbox(settings_of("auth_failures = 1000000")) as sandbox:
        client = Client(sandbox).login()
        for number in range(2):
            client.send(b"".join(b"MAIL FROM:<%d-%d@stranger.example>\r\n" % (number, each) for each in range(1000)))
            assert all(client.reply().startswith(b"5") for _ in range(1000))
        client.send(b"MAIL FROM:<last@stranger.example>\r\n")
        assert b"last@stranger.example" in client.reply()
        (session,) = sandbox.call(left_in_memory.open_sessions(sandbox))
        client.close()
    assert len(session.refusals) == REFUSALS
    assert "last@stranger.example" in session.refusals[-1]["text"]


def test_of_messages_without_end_in_one_session_all_are_counted_and_many_named():
    transcript = Transcript(
        session="s", account="default", provider="oci", channel=Channel.SMTP, client="127.0.0.1:1", clock=Clock()
    )
    for number in range(MESSAGES + 3):
        transcript.took(f"message-{number}")
    record = transcript.finish()
    assert (len(record.messages), record.messages[-1]) == (MESSAGES, f"message-{MESSAGES - 1}")
    assert summary(transcript) == f"{MESSAGES + 3} messages accepted"
