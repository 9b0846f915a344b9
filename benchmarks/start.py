"""How long a start takes: `--help`, `email-sandbox serve` to the ready file, and the first use of the pytest fixture.

Seconds as the clock has them, beside those of the processor, which a busy machine stretches less.
"""

import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from serving import start

ROUNDS = 7
FIXTURE = "def test_it(email_sandbox):\n    assert email_sandbox.url\n"
EACH = 200
MANY = f"import pytest\n@pytest.mark.parametrize('turn', range({EACH}))\ndef test_it(email_sandbox, turn):\n    pass\n"
MANY_PLAIN = MANY.replace("email_sandbox, ", "")
PLAIN = "def test_it():\n    pass\n"


def pytest_seconds(folder, text):
    (folder / "test_it.py").write_text(text)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pytest", "-q", str(folder)], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def timed(code):
    """The least seconds, by the clock and of the processor, that a program takes from its start to its end."""
    found = []
    for _ in range(ROUNDS):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *code], check=True, stdout=subprocess.DEVNULL)
        took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append((took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return tuple(1000 * min(column) for column in zip(*found, strict=True))


PROGRAMS = {
    "python alone": ["-c", "pass"],
    "email-sandbox --help": ["-m", "sandbox", "--help"],
    "import pytest": ["-c", "import pytest"],
    "import pytest and the plugin": ["-c", "import pytest, sandbox.pytest_plugin"],
    "a sandbox in process, started and stopped": ["-c", "import sandbox\nwith sandbox.Sandbox(): pass"],
}


def main():
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name, code in PROGRAMS.items():
        print("{:42} {:6.0f} ms, {:6.0f} ms of a processor".format(name, *timed(code)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = []
        for _ in range(ROUNDS):
            process, _, took = start(folder)
            process.send_signal(signal.SIGTERM)
            process.wait()
            seconds.append(took)
        print(
            f"serve to ready file: first start {seconds[0]:.3f} s, then median {statistics.median(seconds[1:]):.3f} s"
        )
        used = statistics.median(pytest_seconds(folder, FIXTURE) for _ in range(ROUNDS))
        unused = statistics.median(pytest_seconds(folder, PLAIN) for _ in range(ROUNDS))
        print(
            f"pytest run with the fixture {used:.3f} s, without {unused:.3f} s: the fixture costs {used - unused:.3f} s"
        )
        many = statistics.median(pytest_seconds(folder, MANY) for _ in range(3)) - used
        plain = statistics.median(pytest_seconds(folder, MANY_PLAIN) for _ in range(3)) - unused
        print(f"each further test: {1000 * (many - plain) / (EACH - 1):.2f} ms of set-up")


if __name__ == "__main__":
    main()
