"""Many idle sessions beside some busy ones: what an idle session costs, and what the busy ones notice of the crowd."""

import argparse
import json
import os
import resource
import signal
import tempfile
from pathlib import Path

import load
from memory import plan_of, resident, send
from serving import start

ROUNDS = 3


def crowd_of(plan, number, *, secured):
    """That many sessions which were greeted and have said EHLO, or have logged in under TLS."""
    clear = {**plan, "tls": "starttls" if secured else "", "user": plan["user"] if secured else ""}
    return [load.opened(clear) for _ in range(number)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--busy", type=int, default=50)
    parser.add_argument("--messages", type=int, default=100)
    arguments = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.environ["EMAIL_SANDBOX_OCI_MAX_CONNECTIONS"] = str(arguments.idle + arguments.busy + 10)
    os.environ["EMAIL_SANDBOX_OCI_IDLE_TIMEOUT"] = "3600"
    for secured in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            process, ready, _ = start(Path(folder), "--limits", "unlimited")
            try:
                beside(process, plan_of(ready, arguments.busy, arguments.messages), arguments.idle, secured=secured)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait()


def beside(process, plan, number, *, secured):
    """The busy sessions alone, then beside the crowd, and alone again."""
    send(plan)  # warms up
    alone = [send(plan) for _ in range(ROUNDS)]
    before = resident(process.pid)
    crowd = crowd_of(plan, number, secured=secured)
    each = (resident(process.pid) - before) / number
    crowded = [send(plan) for _ in range(ROUNDS)]
    for one in crowd:
        one.close()
    again = [send(plan) for _ in range(ROUNDS)]
    print(
        f"{number:,} idle sessions {'under TLS, logged in' if secured else 'in the clear'}: {each / 1024:.1f} KB each;"
        f" {plan['sessions']} busy ones send {_rates(crowded)} messages/s beside them,"
        f" {_rates(alone)} before and {_rates(again)} after",
        flush=True,
    )


def _rates(found):
    return json.dumps([round(one) for one in found])


if __name__ == "__main__":
    main()
