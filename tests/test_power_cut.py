"""A power cut at any moment takes nothing that was acknowledged: whatever a disk may hold then, the store has it whole."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from power_cut import CHANCES, Disk, can_trace, read_journal, traced
from test_durability import Sender, message, ready_of

from sandbox.core.model import Outcome
from sandbox.core.store import Store
from sandbox.core.store.messages import EVERY

pytestmark = pytest.mark.skipif(not can_trace(), reason="strace is not installed, or programs may not be traced here")
POINTS = 20
CONNECTIONS = 3


class Timed(Sender):
    """Notes when each message was acknowledged."""

    def __init__(self, *args):
        super().__init__(*args)
        self.moments = []

    def heard(self, number):
        self.moments.append((time.time(), number))


def record(folder, messages, connections=CONNECTIONS):
    """(calls, acknowledgements with their moments) of a sandbox that took so many messages and was killed."""
    data, ready = folder / "data", folder / "ready.json"
    data.mkdir()
    serve = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--data",
        data,
        "--ports",
        "auto",
        "--ready-file",
        ready,
        "--limits",
        "unlimited",
    ]
    process = subprocess.Popen(traced([str(word) for word in serve], folder / "journal"), stdout=subprocess.DEVNULL)
    described = ready_of(process, ready)
    enough = threading.Semaphore(0)
    senders = [Timed(described, index * 1_000_000, enough) for index in range(connections)]
    for sender in senders:
        sender.start()
    for _ in range(messages):
        assert enough.acquire(timeout=180)
    os.kill(described["pid"], signal.SIGKILL)
    process.wait(180)
    for sender in senders:
        sender.join(180)
    heard = sorted(moment for sender in senders for moment in sender.moments)
    return read_journal(folder / "journal", data), heard, data


def stored(path):
    """Message-ID's number → octets, as the product reads an image; it opens it, whatever is in it."""

    async def story():
        store = Store(path)
        try:
            page = await store.messages.page("default", EVERY, limit=100_000)
            assert all(one.recipients[0].outcome in Outcome for one in page.items)
            return {
                int(one.message_id.split("@")[0]): await store.messages.raw("default", one.id) for one in page.items
            }
        finally:
            await store.close()

    return asyncio.run(story())


def check(calls, heard, folder, points):
    """Cut the power right after acknowledgements, spread over all of them; returns how many images were opened."""
    disk, images = Disk(), 0
    for moment, _ in heard[:: max(1, len(heard) // points)]:
        disk.perform(calls, moment)
        acknowledged = {number for when, number in heard if when <= moment}
        for name, chance in CHANCES.items():
            place = folder / f"image{images}"
            place.mkdir()
            disk.image(place, chance(images))
            found = stored(place / "store.db")
            lost = acknowledged - set(found)
            assert not lost, f"{len(lost)} of {len(acknowledged)} lost with {name} of what was not synced"
            assert all(octets == message(number) for number, octets in found.items()), f"torn with {name}"
            images += 1
    return images


def test_nothing_acknowledged_is_lost_when_the_power_fails(tmp_path):
    calls, heard, _ = record(tmp_path, 60)
    assert len(heard) >= 60
    assert check(calls, heard, tmp_path, POINTS) >= POINTS * len(CHANCES)


def test_the_journal_is_complete(tmp_path):
    """With everything that was written, the image is the file as it is: the recording misses nothing."""
    calls, _, data = record(tmp_path, 5)
    disk = Disk()
    disk.perform(calls, float("inf"))
    (tmp_path / "image").mkdir()
    disk.image(tmp_path / "image", lambda: 1.0)
    for name in ("store.db", "store.db-wal"):
        assert (tmp_path / "image" / name).read_bytes() == (data / name).read_bytes()


CARELESS = """
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode = WAL")
c.execute("PRAGMA synchronous = " + sys.argv[2])
c.execute("CREATE TABLE t (a)")
for number in range(20):
    c.execute("INSERT INTO t VALUES (?)", (number,))
    print(time.time(), number, flush=True)
"""


@pytest.mark.parametrize(("synchronous", "loses"), [("NORMAL", True), ("FULL", False)])
def test_a_careless_program_is_found_out(tmp_path, synchronous, loses):
    """The check itself: a database that commits without syncing loses what it acknowledged, and a careful one doesn't."""
    import sqlite3

    data = tmp_path / "data"
    data.mkdir()
    run = [sys.executable, "-c", CARELESS, str(data / "t.db"), synchronous]
    said = subprocess.run(traced(run, tmp_path / "journal"), check=True, capture_output=True, text=True).stdout
    heard = [(float(line.split()[0]), int(line.split()[1])) for line in said.splitlines()]
    disk = Disk()
    disk.perform(read_journal(tmp_path / "journal", data), heard[-1][0])
    (tmp_path / "image").mkdir()
    disk.image(tmp_path / "image", lambda: 0.0)
    connection = sqlite3.connect(tmp_path / "image" / "t.db")
    try:
        found = {row[0] for row in connection.execute("SELECT a FROM t")}
    except sqlite3.OperationalError:
        found = set()
    connection.close()
    assert ({number for _, number in heard} > found) is loses
