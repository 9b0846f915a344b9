"""Programs and packages that judge the sandbox, each installed once beside the checkout, however many tests ask at once."""

import fcntl
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[1] / ".cache"


def python_packages(name, *packages):
    """The folder of programs of a virtual environment with `packages`; skips the test when it can't be made."""
    folder = CACHE / name
    with _once(folder, packages) as missing:
        if missing:
            _run([sys.executable, "-m", "venv", "--clear", folder], "no virtual environment can be made")
            pip = [
                folder / "bin" / "python",
                "-I",  # what this process finds elsewhere is not there for the program
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-compile",
                "--disable-pip-version-check",
            ]
            _run([*pip, *packages], f"{', '.join(packages)} can't be installed")
    return folder / "bin"


def node_packages(name, *packages):
    """The folder that has `packages` in its `node_modules`; skips the test without npm or a registry."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    folder = CACHE / name
    with _once(folder, packages) as missing:
        if missing:
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *packages]
            _run(command, f"{', '.join(packages)} can't be installed")
    return folder


def debian_packages(name, *packages):
    """The folder into which Debian packages are unpacked, with what they need and the machine lacks; none is installed.

    So a program can be had beside one that Debian does not let stand with it. Skips the test without apt or an archive.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("apt is not installed")
    folder = CACHE / name
    with _once(folder, packages) as missing:
        if missing:
            problem = f"{', '.join(packages)} can't be had"
            said = _run(["apt-get", "--simulate", "--no-install-recommends", "install", *packages], problem)
            wanted = {*packages, *re.findall(r"^Inst (\S+)", said, re.MULTILINE)}
            with tempfile.TemporaryDirectory() as archive:
                _run(["apt-get", "download", *sorted(wanted)], problem, cwd=archive)
                for file in Path(archive).glob("*.deb"):
                    _run(["dpkg", "--extract", file, folder], problem)
    return folder


def maven_packages(name, *coordinates):
    """The folder of the jars of Maven `group:artifact:version` coordinates and what they need; skips the test without."""
    if shutil.which("mvn") is None:
        pytest.skip("mvn is not installed")
    folder = CACHE / name
    with _once(folder, coordinates) as missing:
        if missing:
            rows = (dict(zip(("groupId", "artifactId", "version"), one.split(":"), strict=True)) for one in coordinates)
            wanted = "".join(f"<dependency>{_elements(row)}</dependency>" for row in rows)
            about = _elements({"modelVersion": "4.0.0", "groupId": "tests", "artifactId": name, "version": "1"})
            (folder / "pom.xml").write_text(f"<project>{about}<dependencies>{wanted}</dependencies></project>")
            command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
            _run(command, f"{', '.join(coordinates)} can't be had", cwd=folder)
    return folder


def _elements(row):
    return "".join(f"<{name}>{value}</{name}>" for name, value in row.items())


def cargo_project(name, *crates):
    """The folder of a Rust project that needs `crates` (`name@version`), all built; skips the test without cargo."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed")
    folder = CACHE / name
    with _once(folder, crates) as missing:
        if missing:
            problem = f"{', '.join(crates)} can't be built"
            shutil.rmtree(folder, ignore_errors=True)
            _run(["cargo", "init", "--quiet", "--vcs", "none", "--name", "tests", folder], problem)
            _run(["cargo", "add", "--quiet", *crates], problem, cwd=folder)
            _run(["cargo", "build", "--quiet"], problem, cwd=folder)
    return folder


@contextmanager
def _once(folder, packages):
    """Whether the packages are still to be installed; other test processes wait meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    made, wanted = folder / "packages.txt", "\n".join(packages)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = not made.exists() or made.read_text("utf-8") != wanted
        yield missing
        if missing:
            made.write_text(wanted, "utf-8")


def _run(command, problem, **more):
    """What the program said; skips the test when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **more)
    if done.returncode:
        pytest.skip(f"{problem}: {done.stderr[-300:]}")
    return done.stdout
