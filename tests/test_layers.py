"""The house keeps its layers, its small rooms and its vocabulary."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted([*(ROOT / "sandbox").rglob("*.py"), *(ROOT / "ui").rglob("*.py")])
BANNED = {"utils", "util", "helper", "helpers", "manager", "common", "misc", "base"}
HEAVY = {"aiosmtpd", "starlette", "uvicorn", "textual", "dns", "dkim", "httpx", "cryptography", "oci"}


def test_the_guards_below_look_at_something():
    assert len(MODULES) > 40


def test_import_contracts_hold():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_answers_for_and_stays_small(path):
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "no sentence on top"
    assert len(text.splitlines()) <= 400
    assert path.stem not in BANNED


def test_the_median_module_is_a_room_not_a_hall():
    sizes = sorted(len(path.read_text("utf-8").splitlines()) for path in MODULES)
    assert sizes[len(sizes) // 2] <= 180


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("sandbox", set()),
        ("sandbox.pytest_plugin", set()),
        ("sandbox.cli", set()),
        ("sandbox.client", set()),
        ("sandbox.core.services", set()),
        ("sandbox.app", HEAVY - {"textual", "dns", "dkim", "oci", "httpx"}),
    ],
)
def test_importing_a_module_brings_only_what_it_needs(module, allowed):
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert loaded & HEAVY <= allowed
