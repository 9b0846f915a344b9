"""An acknowledged message is in the store, whole, however the process dies."""

import hashlib
import json
import os
import random
import re
import signal
import smtplib
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

CONNECTIONS = 8
ENOUGH = 300
"""Acknowledged messages after which the process is killed, at a moment that the seed chooses."""


def start(data, ready):
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--data",
        str(data),
        "--ports",
        "auto",
        "--ready-file",
        str(ready),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    return process, ready_of(process, ready)


def ready_of(process, ready):
    """What the ready file says, once it is there."""
    while not ready.exists():
        assert process.poll() is None
        time.sleep(0.01)
    return json.loads(ready.read_text())


def message(number, size=1024):
    head = f"From: noreply@example.com\r\nMessage-ID: <{number}@durability.test>\r\nSubject: {number}\r\n\r\n"
    return (head + "x" * (size - len(head) - 2) + "\r\n").encode()


class Sender(threading.Thread):
    """Sends until the server is gone; remembers what was acknowledged."""

    def __init__(self, ready, first, enough):
        super().__init__()
        self.ready, self.first, self.enough = ready, first, enough
        self.acknowledged = []

    def run(self):
        oci = self.ready["oci"]
        listener = next(one for one in oci["smtp"] if one["tls"] == "starttls")
        context = ssl.create_default_context(cafile=self.ready["ca_file"])
        try:
            with smtplib.SMTP(listener["host"], listener["port"], timeout=120) as smtp:
                smtp.starttls(context=context)
                smtp.login(oci["smtp_username"], oci["smtp_password"])
                for number in range(self.first, self.first + 100_000):
                    smtp.sendmail(oci["approved_sender"], [f"r{number}@x.test"], message(number))
                    self.acknowledged.append(number)
                    self.heard(number)
                    self.enough.release()
        except (smtplib.SMTPException, OSError):
            return

    def heard(self, number):
        """A message was acknowledged."""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kill_minus_nine_loses_nothing_that_was_acknowledged(tmp_path, seed):
    process, ready = start(tmp_path / "data", tmp_path / "ready.json")
    enough = threading.Semaphore(0)
    senders = [Sender(ready, index * 1_000_000, enough) for index in range(CONNECTIONS)]
    for sender in senders:
        sender.start()
    for _ in range(ENOUGH + random.Random(seed).randrange(60)):
        assert enough.acquire(timeout=180)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for sender in senders:
        sender.join(180)
    acknowledged = {number for sender in senders for number in sender.acknowledged}
    assert len(acknowledged) >= ENOUGH
    stored = whole_messages(tmp_path / "data" / "store.db")
    assert acknowledged <= set(stored), "acknowledged but lost"
    assert max(stored.values()) == 1, "stored twice"
    assert len(set(stored) - acknowledged) <= CONNECTIONS, "more unacknowledged messages than open transactions"


def whole_messages(path: Path):
    """Number → how often it is stored; fails when any stored message is torn."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = {}
    rows = connection.execute(
        "SELECT m.message_id, m.sha256, m.size, r.octets, (SELECT count(*) FROM recipients WHERE message = m.seq),"
        " (SELECT count(*) FROM events e WHERE e.message = m.id AND e.type = 'message.accepted')"
        " FROM messages m LEFT JOIN raws r ON r.message = m.seq"
    )
    for message_id, sha256, size, octets, recipients, accepted in rows:
        number = int(re.match(r"(\d+)@", message_id)[1])
        assert octets == message(number)
        assert (hashlib.sha256(octets).hexdigest(), len(octets), recipients, accepted) == (sha256, size, 1, 1)
        found[number] = found.get(number, 0) + 1
    connection.close()
    return found


def test_a_restarted_sandbox_goes_on_where_it_stopped(tmp_path):
    """SIGTERM: exit status 0, ready file gone; the next start has the same credentials, authority and messages."""
    process, ready = start(tmp_path / "data", tmp_path / "ready.json")
    sender = Sender(ready, 0, threading.Semaphore(0))
    sender.start()
    assert sender.enough.acquire(timeout=180)
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    sender.join(180)
    assert not (tmp_path / "ready.json").exists()
    assert set(sender.acknowledged) <= set(whole_messages(tmp_path / "data" / "store.db"))
    process, again = start(tmp_path / "data", tmp_path / "ready.json")
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0
    for key in ("tenancy", "user", "fingerprint", "smtp_username", "smtp_password"):
        assert again["oci"][key] == ready["oci"][key]
    assert again["ca_file"] == ready["ca_file"]
