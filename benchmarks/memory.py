"""Memory over very many messages: what the sandbox has after each round of them, and what each message left behind.

Rounds are sent over new sessions by the load generator; then everything is read for search, and the resident memory of
the sandbox and of the processes that it started is looked at. The store is on the disk, so what grows is a leak.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from serving import start

from sandbox import Client

PAGE = os.sysconf("SC_PAGESIZE")


def resident(pid):
    """Octets of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def children(pid):
    """The processes that a process started."""
    return [int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()]


def plan_of(ready, sessions, messages):
    """What the load generator is to do: this many sessions behind STARTTLS and AUTH, so many small messages in each."""
    oci = ready["oci"]
    return {
        "host": "127.0.0.1",
        "port": next(one["port"] for one in oci["smtp"] if one["tls"] == "starttls"),
        "cafile": ready["ca_file"],
        "user": oci["smtp_username"],
        "password": oci["smtp_password"],
        "sender": oci["approved_sender"],
        "sessions": sessions,
        "messages": messages,
        "size": 1024,
    }


def send(plan):
    """One round; messages a second."""
    command = [sys.executable, str(Path(__file__).with_name("load.py")), json.dumps(plan)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)["rate"]


def settled(client, number):
    """Wait until all messages are there and read for search, which the list of the newest waits for."""
    while client._transport.json("GET", "/messages", limit=1, wait=600)["total"] < number:
        time.sleep(1)
    last = None
    while last is None or not last["snippet"]:
        last = client._transport.json("GET", "/messages", limit=1, wait=600)["items"][0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=16)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--folder", type=Path, help="where the store is made (needs 4 KB a message)")
    arguments = parser.parse_args()
    each = arguments.messages // arguments.rounds // arguments.sessions
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        process, ready, _ = start(Path(folder), "--limits", "unlimited")
        plan = {**plan_of(ready, arguments.sessions, each), "size": arguments.size}
        try:
            measure(process, Client(ready["http"]), plan, arguments.rounds)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def measure(process, client, plan, rounds):
    print("messages     messages/s   sandbox MB   others MB   octets left by each message since the round before")
    before, sent = resident(process.pid), 0
    for _ in range(rounds):
        rate = send(plan)
        sent += plan["sessions"] * plan["messages"]
        settled(client, sent)
        own, others = resident(process.pid), sum(map(resident, children(process.pid)))
        grown = (own - before) / (plan["sessions"] * plan["messages"])
        print(f"{sent:>9,} {rate:>12,.0f} {own / 1e6:>12.1f} {others / 1e6:>11.1f} {grown:>12,.0f}", flush=True)
        before = own


if __name__ == "__main__":
    main()
