"""Accept rate of the sandbox (full policy, durable before `250`) beside a bare aiosmtpd, interleaved in one run."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from serving import running

HERE = Path(__file__).parent
SHAPES = [(1, 1024), (4, 1024), (16, 1024), (64, 1024), (16, 102_400)]


def load(plan):
    command = [sys.executable, str(HERE / "load.py"), json.dumps(plan)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=100, help="messages of each session")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), "--limits", "unlimited") as ready:
        tls = Path(ready["ca_file"]).parent
        bare = subprocess.Popen(
            [sys.executable, str(HERE / "bare.py"), str(tls / "server.pem"), str(tls / "server.key")],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        oci = ready["oci"]
        shared = {"host": "127.0.0.1", "cafile": ready["ca_file"], "messages": arguments.messages}
        ours = {
            **shared, "port": oci["smtp"][0]["port"], "user": oci["smtp_username"], "password": oci["smtp_password"],
            "sender": oci["approved_sender"],
        }  # fmt: skip
        theirs = {**shared, "port": int(bare.stdout.readline()), "user": "u", "password": "p", "sender": "a@b.test"}
        print(f"{'sessions':>8} {'size':>7} {'sandbox/s':>10} {'bare/s':>8} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7}")
        for sessions, size in SHAPES:
            runs = [
                (
                    load({**ours, "sessions": sessions, "size": size}),
                    load({**theirs, "sessions": sessions, "size": size}),
                )
                for _ in range(arguments.rounds)
            ]
            mine, other = (statistics.median(run[n]["rate"] for run in runs) for n in (0, 1))
            p50, p99 = (statistics.median(run[0][key] for run in runs) * 1000 for key in ("p50", "p99"))
            print(f"{sessions:>8} {size:>7} {mine:>10.0f} {other:>8.0f} {mine / other:>6.2f} {p50:>7.2f} {p99:>7.2f}")
        bare.terminate()
        bare.wait()


if __name__ == "__main__":
    main()
