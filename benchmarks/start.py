"""How long a start takes: `email-sandbox serve` to the ready file, and the first use of the pytest fixture."""

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


def main():
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
