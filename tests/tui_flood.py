"""A program of its own for the tests of the inspector: a sandbox, and mail that floods into it when it is told to.

Prints the sandbox's address; then each line that it reads is a number of messages to accept, at a thousand a second
where the machine can, and is answered by how many seconds that took.
"""

import asyncio
import sys
import time

from tui_pilot import still_sandbox
from window_mail import post, submission

AT_ONCE = 20
RATE = 1000
"""Messages a second."""


async def flood(intake, messages):
    """Accept these, evenly spread over time."""
    began = time.monotonic()
    for number in range(0, len(messages), AT_ONCE):
        await asyncio.gather(*(intake.accept(one) for one in messages[number : number + AT_ONCE]))
        await asyncio.sleep(began + (number + AT_ONCE) / RATE - time.monotonic())
    return time.monotonic() - began


def main():
    with still_sandbox() as box:
        for number in range(40):
            post(box, subject=f"Number {number}")
        print(box.url, flush=True)
        for line in sys.stdin:
            messages = [submission(box, subject=f"Flood {number}") for number in range(int(line))]
            print(box.call(flood(box.runtime.services.intake, messages)), flush=True)


if __name__ == "__main__":
    main()
