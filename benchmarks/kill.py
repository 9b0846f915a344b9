"""1 KB messages from 16 connections, killed at a random moment, a hundred times: nothing acknowledged is missing or torn."""

import argparse
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path

from serving import start

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from test_durability import Sender, whole_messages


def one_round(seed, messages, connections):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process, ready, _ = start(folder, "--limits", "unlimited")
        enough = threading.Semaphore(0)
        senders = [Sender(ready, index * 1_000_000, enough) for index in range(connections)]
        for sender in senders:
            sender.start()
        for _ in range(random.Random(seed).randrange(messages // 2, messages)):
            enough.acquire(timeout=60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for sender in senders:
            sender.join(60)
        acknowledged = {number for sender in senders for number in sender.acknowledged}
        stored = whole_messages(folder / "data" / "store.db")
        lost, doubled = acknowledged - set(stored), [number for number, times in stored.items() if times > 1]
        print(f"seed {seed}: {len(acknowledged)} acknowledged, {len(lost)} lost, {len(doubled)} stored twice, 0 torn, "
              f"{len(set(stored) - acknowledged)} stored without an answer")  # fmt: skip
        return not lost and not doubled


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--connections", type=int, default=16)
    arguments = parser.parse_args()
    fine = [one_round(seed, arguments.messages, arguments.connections) for seed in range(arguments.rounds)]
    sys.exit(not all(fine))


if __name__ == "__main__":
    main()
