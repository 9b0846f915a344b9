"""A store of a million messages: start, lists, searches, and what others wait while much is removed.

The store is made once (minutes) and kept where `--store` says; each run works on a copy of it.
"""

import argparse
import asyncio
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from serving import start

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import web_mailbox

from sandbox import Client
from sandbox.core.store import Store

SEARCHES = (
    "", "is:unread", "heliotrope", "rcpt:user777777@example.net", 'subject:"invoice receipt shipment"',
    "from:noreply@example.com heliotrope", "outcome:hard_bounced", "outcome:suppressed", "after:1h", "subject:heliotrope",
    "outcome:delivered", "invoice",
)  # fmt: skip


def make(path, number):
    """The store, made when it is not there yet."""
    if path.exists():
        return

    async def empty():
        await Store(path).close()

    path.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(empty())
    began = time.perf_counter()
    web_mailbox.fill(path, number, told=lambda done: print(f"\r{done:>9,}", end="", flush=True))
    print(f"\rmade {number:,} messages in {time.perf_counter() - began:.0f} s, {path.stat().st_size / 1e9:.1f} GB")


def milliseconds(work, rounds=5):
    """The median of some runs, after one that warms up."""
    work()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


class Accepting(threading.Thread):
    """Sends small messages one after another over an open session; keeps how long each took."""

    def __init__(self, client):
        super().__init__()
        self._smtp = client.oci.smtp.connect()
        self._sender = client.oci.approved_sender
        self._ending = threading.Event()
        self.seconds = []

    def run(self):
        number = 0
        while not self._ending.is_set():
            raw = f"From: {self._sender}\r\nSubject: {number}\r\n\r\nx\r\n"
            began = time.perf_counter()
            self._smtp.sendmail(self._sender, ["a@x.test"], raw)
            self.seconds.append(time.perf_counter() - began)
            number += 1

    def end(self):
        self._ending.set()
        self.join()
        self._smtp.close()
        return sorted(1000 * one for one in self.seconds)


def while_accepting(client, name, work):
    """Run `work` and print how long it took, and what a client waited for its `250` before and meanwhile."""
    alone = Accepting(client)
    alone.start()
    time.sleep(3)
    before = alone.end()
    sender = Accepting(client)
    sender.start()
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    waits = sender.end()
    print(
        f"{name}: {took:.1f} s; accepts meanwhile: {len(waits)}, median {statistics.median(waits):.1f} ms,"
        f" 99 % {waits[int(len(waits) * 0.99)]:.0f} ms, longest {waits[-1]:.0f} ms"
        f" (alone: median {statistics.median(before):.1f} ms, 99 % {before[int(len(before) * 0.99)]:.0f},"
        f" longest {before[-1]:.0f})",
        flush=True,
    )


def serving(folder, store, *flags):
    """A sandbox on a copy of the store, and how long it took to start."""
    (folder / "data").mkdir(parents=True)
    shutil.copy(store, folder / "data" / "store.db")
    process, ready, took = start(folder, "--limits", "unlimited", *flags)
    return process, Client(ready["http"]), took


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


def looking(folder, store):
    process, client, took = serving(folder, store)
    print(f"start (with a new certificate authority and key): {took:.2f} s")
    stop(process)
    process, ready, took = start(folder)
    client = Client(ready["http"])
    print(f"start: {took:.2f} s")
    get = client._transport.json
    print(f"status: {milliseconds(client.status):.1f} ms")
    for query in SEARCHES:
        page = get("GET", "/messages", query=query or None)
        took = milliseconds(lambda query=query: get("GET", "/messages", query=query or None))
        print(f"first page of {query or 'everything':40} {page['total']:>9,} found  {took:8.1f} ms", flush=True)
    stop(process)


def removing(folder, store):
    process, client, _ = serving(folder, store)
    while_accepting(
        client,
        "delete 100,000 of them",
        lambda: client._transport.json("DELETE", "/messages", query=HUNDRED, wait=3600),
    )
    while_accepting(client, "delete the rest", lambda: client._transport.json("DELETE", "/messages", wait=3600))
    stop(process)


HUNDRED = "from:shop larger:1 before:2025-06-16T19:06:40Z"


def expiring(folder, store, number):
    process, client, _ = serving(folder, store, "--store-retention", f'{{"max_messages": {number // 2}}}')

    def gone():
        while client.status()["counts"]["messages"] > number // 2 + 100_000:
            time.sleep(0.2)

    while_accepting(client, "retention takes half of them", gone)
    stop(process)


def resetting(folder, path):
    make(path, 100_000)
    process, client, _ = serving(folder, path)
    while_accepting_reset(client)
    stop(process)


def while_accepting_reset(client):
    began = time.perf_counter()
    client._transport.json("POST", "/reset", wait=3600)
    print(f"reset of 100,000 messages: {time.perf_counter() - began:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--store", type=Path, default=Path("/tmp/email-sandbox-bigstore/store.db"))
    parser.add_argument("--only", choices=("looking", "removing", "expiring", "resetting"))
    arguments = parser.parse_args()
    make(arguments.store, arguments.messages)
    parts = {
        "looking": lambda folder: looking(folder, arguments.store),
        "removing": lambda folder: removing(folder, arguments.store),
        "expiring": lambda folder: expiring(folder, arguments.store, arguments.messages),
        "resetting": lambda folder: resetting(folder, arguments.store.with_name("smaller.db")),
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory(dir=arguments.store.parent) as folder:
                part(Path(folder))


if __name__ == "__main__":
    main()
