"""The service's own command line and Node SDK, installed once into folders that no commit sees."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[1] / ".cache"


def oci_cli():
    """The `oci` command in an environment of its own; skips the test when it can't be installed."""
    folder = CACHE / "oci-cli"
    if not (folder / ".installed").exists():
        _run([sys.executable, "-m", "venv", str(folder)], "no virtual environment can be made")
        _run([str(folder / "bin" / "pip"), "install", "--quiet", "oci-cli"], "oci-cli can't be installed")
        (folder / ".installed").touch()
    return folder / "bin" / "oci"


def node_modules():
    """The folder with the Node SDK; skips the test when there is no npm or no registry."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    folder = CACHE / "oci-node"
    if not (folder / ".installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        packages = ["oci-common", "oci-email", "oci-emaildataplane"]
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
        _run(command, "the Node SDK can't be installed")
        (folder / ".installed").touch()
    return folder


def _run(command, problem):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"{problem}: {done.stderr[-300:]}")


class Cli:
    """Calls `oci` as a user would: nothing but the endpoint is added."""

    def __init__(self, sandbox, region):
        self._program = oci_cli()
        ready = sandbox.ready["oci"]
        self._region = region
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(Path(ready["config_file"]).parent),
            "OCI_CLI_CONFIG_FILE": ready["config_file"],
            "OCI_CLI_ENDPOINT": sandbox.url,
            "OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING": "True",
            "SUPPRESS_LABEL_WARNING": "True",
            "PYTHONWARNINGS": "ignore",
            "LANG": "C.UTF-8",
        }

    def run(self, *arguments):
        """The finished process."""
        return subprocess.run(
            [str(self._program), "--region", self._region, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def text(self, *arguments):
        """What a successful command prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *arguments):
        """The same, read."""
        return json.loads(self.text(*arguments))
