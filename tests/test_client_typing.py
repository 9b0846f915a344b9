"""The client's types hold for an outside program, by mypy and by pyright, and tell it where it is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installed import node_packages

ROOT = Path(__file__).parents[1]
CONSUMER = Path(__file__).with_name("consumer") / "use.py"
WRONG = {
    'box.wait_for(topic="x")': "topic",
    "box.messages(limit='3')": "limit",
    'box.fault("oci.smtp.455.per-minute", time=1)': "time",
    "box.wait_for().links[0].lenght": "lenght",
}


@pytest.fixture
def consumer(tmp_path):
    """A folder outside of the checkout, with nothing but the program."""
    shutil.copy(CONSUMER, tmp_path / "use.py")
    return tmp_path


def mypy(folder, name):
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ROOT / ".mypy_cache" / "consumer", name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_mypy_strict_finds_nothing_in_a_right_program(consumer):
    found = mypy(consumer, "use.py")

    assert found.returncode == 0, found.stdout


def test_mypy_finds_what_is_wrong(consumer):
    lines = ["import sandbox", "box = sandbox.Client()", *WRONG]
    (consumer / "wrong.py").write_text("\n".join(lines) + "\n")

    found = [line for line in mypy(consumer, "wrong.py").stdout.splitlines() if ": error:" in line]

    assert [int(line.split(":")[1]) for line in found] == list(range(3, 3 + len(WRONG)))
    assert all(f'"{word}"' in line for word, line in zip(WRONG.values(), found, strict=True))


@pytest.fixture(scope="session")
def pyright():
    """The checker, kept beside the checkout."""
    return node_packages("pyright", "pyright") / "node_modules" / ".bin" / "pyright"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pyright_finds_nothing_in_a_right_program(consumer, pyright):
    command = [pyright, "--pythonpath", sys.executable, "use.py"]
    found = subprocess.run(command, cwd=consumer, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout
