"""A sandbox in a process of its own, for the measurements."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager


def start(folder, *flags, path=None):
    """A started sandbox with its ready file's content, and the seconds that it took; `path` has more packages."""
    ready = folder / "ready.json"
    command = [
        sys.executable, "-m", "sandbox", "serve", "--data", str(folder / "data"), "--ports", "auto",
        "--ready-file", str(ready), *flags,
    ]  # fmt: skip
    began = time.perf_counter()
    more = {} if path is None else {"PYTHONPATH": str(path)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **more})
    while not ready.exists():
        if process.poll() is not None:
            raise SystemExit("the sandbox did not start")
        time.sleep(0.001)
    return process, json.loads(ready.read_text()), time.perf_counter() - began


@contextmanager
def running(folder, *flags):
    """The ready file's content of a sandbox that is stopped at the end."""
    process, ready, _ = start(folder, *flags)
    try:
        yield ready
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
