"""Run by itself, in a folder for the store: sends batches of messages, and prints how many blocks Python has after each."""

import gc
import json
import sys
from dataclasses import replace

from dialogues import settings_of
from smtp_wire import Client

from sandbox.app import Sandbox

BATCH, BATCHES = 600, 8
"""So many that what one message leaves is more than what comes and goes by itself: some 200 blocks."""
MESSAGE = b"From: noreply@example.com\r\nSubject: x\r\n\r\ntext\r\n"


async def open_sessions(sandbox):
    """The conversations that are not over."""
    return sandbox.runtime.services.sessions.all("default")


def _send(sandbox):
    client = Client(sandbox).login()
    for _ in range(BATCH):
        assert client.envelope().message(MESSAGE) == b"250 Ok\r\n"
    client.close()
    while sandbox.call(open_sessions(sandbox)):
        continue  # until its transcript is stored
    sandbox.call(sandbox.runtime.delivery.run_due())
    sandbox.call(sandbox.runtime.indexer.catch_up())


def main(folder):
    """Blocks of Python's own memory, which are exact: it is the store on the disk that grows."""
    blocks = []
    with Sandbox(replace(settings_of('limits = "unlimited"'), data=folder)) as sandbox:
        for _ in range(BATCHES):
            _send(sandbox)
            gc.collect()
            blocks.append(sys.getallocatedblocks())
    print(json.dumps(blocks))


if __name__ == "__main__":
    main(sys.argv[1])
