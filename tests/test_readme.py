"""The README's first mail works as it is printed."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
COMMAND = [sys.executable, "-m", "sandbox"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """What `eval "$(email-sandbox env)"` puts into the environment, by provider, beside a sandbox that runs as the README says."""
    folder = tmp_path_factory.mktemp("readme")
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--ports", "auto", "--ready-file", str(ready)], cwd=folder, stdout=subprocess.DEVNULL
    )
    while not ready.exists():
        assert process.poll() is None
        time.sleep(0.01)
    url = re.search(r'"http": "(.*?)"', ready.read_text())[1]
    yield {provider: {**os.environ, **_exports(url, provider)} for provider in ("oci", "ses")}
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0


def _exports(url, provider):
    command = [*COMMAND, "env", "--url", url, "--provider", provider]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return dict(shlex.split(line)[1].split("=", 1) for line in printed.splitlines())


@pytest.mark.parametrize(
    ("snippet", "subject", "provider"),
    [(SNIPPETS[0], "First mail", "oci"), (SNIPPETS[1], "Second mail", "oci"), (SNIPPETS[2], "Third mail", "ses")],
)
def test_a_first_mail_is_seen(environment, tmp_path, snippet, subject, provider):
    environment = environment[provider]
    script = tmp_path / "first.py"
    script.write_text(snippet)
    subprocess.run([sys.executable, str(script)], env=environment, check=True, timeout=60)
    waited = [*COMMAND, "wait", f'subject:"{subject}"', "--timeout", "1"]
    subprocess.run(waited, env=environment, check=True, capture_output=True, timeout=60)
    listed = subprocess.run(
        [*COMMAND, "messages"], env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    assert subject in listed.stdout
