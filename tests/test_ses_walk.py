"""The walk-through of docs/ses.md, run block by block as a reader would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import Sandbox

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "ses.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(providers=["ses"]) as running:
        yield running


def test_every_block_works_and_the_mail_is_there(sandbox):
    assert len(BLOCKS) == 4
    printed = [_run(block, sandbox.environ) for block in BLOCKS]
    assert re.fullmatch(r"0100[0-9a-f]{12}-[0-9a-f-]{36}-000000\n", printed[0])
    assert printed[3] == "SUCCESS SUCCESS\n"
    for subject in ("From the API", "By SMTP", "Amazon Web Services"):
        sandbox.wait_for(subject=subject, timeout=60)


def _run(block, environ):
    done = subprocess.run(
        [sys.executable, "-c", block],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("channel", ["smtp", "https"])
def test_the_command_sends_a_first_mail(sandbox, channel):
    command = [sys.executable, "-m", "sandbox", "send", "--provider", "ses", "--via", channel, "--subject", channel]
    done = subprocess.run(
        command, env={**os.environ, **sandbox.environ}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sandbox.wait_for(subject=channel, timeout=60).sender == sandbox.ses.verified_identity


def test_the_connection_has_what_clients_need(sandbox):
    ses = sandbox.ses
    assert ses.boto3_kwargs()["endpoint_url"] == sandbox.url
    assert {listener.stands_for for listener in ses.listeners} == {25, 465, 587}
    assert ses.secret_access_key not in repr(ses)
    with ses.smtp.connect() as smtp:
        assert smtp.noop()[0] == 250
