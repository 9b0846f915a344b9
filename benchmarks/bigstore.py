"""A store of a million messages: start, lists, searches, and what others wait while much is removed.

The store is made once (minutes) and kept where `--store` says; each run works on a copy of it.
"""

import argparse
import asyncio
import os
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from functools import partial
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


@contextmanager
def serving(folder, store, *flags):
    """A client of a sandbox on a copy of the store, and how long that took to start."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    if not (folder / "data" / "store.db").exists():
        shutil.copy(store, folder / "data" / "store.db")
        os.sync()  # else the first commit waits for all of the copy
    process, ready, took = start(folder, "--limits", "unlimited", *flags)
    try:
        yield Client(ready["http"]), took
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def looking(folder, store):
    with serving(folder, store) as (_, took):
        print(f"start (with a new certificate authority and key): {took:.2f} s")
    with serving(folder, store) as (client, begun):
        print(f"start: {begun:.2f} s")
        print(f"status: {milliseconds(client.status):.1f} ms")
        get = partial(client._transport.json, "GET", "/messages", wait=600)
        for query in SEARCHES:
            found = get(query=query or None)
            total = f"{found['total']:,}" + ("" if found["total_exact"] else " or more")
            took = milliseconds(lambda query=query: get(query=query or None))
            print(f"first page of {query or 'everything':40} {total:>17} found  {took:8.1f} ms", flush=True)


FIRST = "before:2025-06-16T19:06:40Z"
"""The first hundred thousand."""


def removing(folder, store):
    with serving(folder, store) as (client, _):
        remove = partial(client._transport.json, "DELETE", "/messages", wait=3600)
        while_accepting(client, "delete 100,000 of them", lambda: remove(query=FIRST))
        while_accepting(client, "delete the rest", remove)


def expiring(folder, store, number):
    kept = number // 2

    def gone():
        while client._transport.json("GET", "/status", wait=600)["counts"]["messages"] > kept + 100_000:
            time.sleep(0.5)

    with serving(folder, store, "--store-retention", f'{{"max_messages": {kept}}}') as (client, _):
        while_accepting(client, "retention takes half of them", gone)


def resetting(folder, path):
    make(path, 100_000)
    with serving(folder, path) as (client, _):
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
