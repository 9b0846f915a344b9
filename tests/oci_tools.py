"""The service's own command line and Node SDK, installed once into folders that no commit sees."""

import json
import os
import subprocess
from pathlib import Path

from installed import node_packages, python_packages


def oci_cli():
    """The `oci` command in an environment of its own; skips the test when it can't be installed."""
    return python_packages("oci-cli", "oci-cli") / "oci"


def node_modules():
    """The folder with the Node SDK; skips the test when there is no npm or no registry."""
    return node_packages("oci-node", "oci-common", "oci-email", "oci-emaildataplane")


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
            timeout=300,
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
