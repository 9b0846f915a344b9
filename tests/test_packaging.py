"""What is installed is exactly what belongs there."""

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import sandbox
from sandbox.version import __version__

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".toml", ".json", ".sql", ".html", ".js", ".css", ".svg", ".typed", ".txt", ".tcss"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def tracked(folder, prefix):
    """Files of the checkout that belong into the wheel, as the wheel names them."""
    found = {path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {f"{prefix}/{path.relative_to(ROOT / folder).as_posix()}" for path in found}


def test_the_wheel_holds_both_packages_and_nothing_else(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = tracked("sandbox", "sandbox") | tracked("ui/sandbox_ui", "sandbox_ui")
    expected = {name for name in expected if Path(name).suffix in SUFFIXES or name.endswith("README.md")}
    assert names == expected
    for kind in (".sql", ".toml", ".html", ".js", ".css", "py.typed"):
        assert any(name.endswith(kind) for name in names), f"no {kind} file in the wheel"


def test_the_wheel_declares_its_command_and_its_plugin(wheel):
    (points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(points).decode()
    assert "email-sandbox = sandbox.cli:main" in text
    assert "[pytest11]" in text
    (metadata,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    assert f"Version: {__version__}" in wheel.read(metadata).decode()


def test_the_changelog_knows_the_version():
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert sandbox.__version__ == __version__


def test_every_dependency_is_used():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    sources = "\n".join(
        path.read_text("utf-8") for path in [*(ROOT / "sandbox").rglob("*.py"), *(ROOT / "ui").rglob("*.py")]
    )
    modules = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            modules.setdefault(distribution.lower(), []).append(module)
    for requirement in project["dependencies"]:
        names = modules[requirement.partition(">")[0].lower()]
        assert any(f"import {name}" in sources or f"from {name}" in sources for name in names), requirement
