"""The example application, tested with the plugin as it is installed: from the wheel, in parallel."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "fixtures" / "example-app"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A Python with nothing but the wheel and what tests need."""
    folder = tmp_path_factory.mktemp("fresh")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", f"{wheel}[pytest]", "pytest-xdist"]
    found = subprocess.run(install, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"packages can't be installed here: {found.stderr.strip().splitlines()[-1:]}")
    return python


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_five_hundred_tests_in_parallel_do_not_meet(fresh, tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(
        [fresh, "-m", "pytest", "-q", "-n", "4", "-p", "no:cacheprovider"],
        cwd=tmp_path / "app", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert found.returncode == 0, found.stdout[-5000:]
    assert int(re.search(r"(\d+) passed", found.stdout)[1]) >= 500
