"""`email-sandbox serve` as a real process: ready file, announcement, clean stop, and one line when it can't start."""

import json
import os
import signal
import smtplib
import socket
import ssl
import stat
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.options import load

COMMAND = [sys.executable, "-m", "sandbox"]
PATIENCE = 120
"""Seconds after which a test gives up waiting; no result depends on it."""


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMAIL_SANDBOX_")}
    return {**kept, **more}


def run(*arguments, cwd, env=None, **options):
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **options,
    )


@contextmanager
def serving(folder, *arguments, env=None):
    """A running `serve`; gives the process and the ready file's content."""
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--ports", "auto", "--ready-file", str(ready), *arguments],
        cwd=folder,
        env=env or environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield process, json.loads(ready.read_text())
    finally:
        process.kill()
        process.communicate()


def send(ready):
    oci = ready["oci"]
    listener = next(item for item in oci["smtp"] if item["stands_for"] == 587)
    with smtplib.SMTP(listener["host"], listener["port"], timeout=PATIENCE) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        smtp.login(oci["smtp_username"], oci["smtp_password"])
        smtp.sendmail(
            oci["approved_sender"], ["ann@example.net"], b"From: noreply@example.com\r\nSubject: kept\r\n\r\nHi\r\n"
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_what_was_accepted_is_on_disk(tmp_path, number):
    with serving(tmp_path) as (process, ready):
        assert ready["pid"] == process.pid
        assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
        send(ready)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, err) == (0, "")
    assert not (tmp_path / "ready.json").exists()
    assert ready["http"] in out
    assert ready["oci"]["smtp_password"] in out
    with serving(tmp_path) as (_, again):
        listed = run("messages", "--url", again["http"], cwd=tmp_path)
        assert "kept" in listed.stdout
        assert again["oci"]["smtp_password"] == ready["oci"]["smtp_password"]


def test_a_taken_port_is_one_line_with_listener_port_and_flag(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        zeros = ["--port-https=0", "--port-oci-25=0", "--port-oci-587=0", "--port-oci-465=0"]
        found = run("serve", "--data", ":memory:", "--port-http", str(port), *zeros, cwd=tmp_path)

    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    for word in ("HTTP", str(port), "--port-http"):
        assert word in found.stderr
    assert found.stdout == ""


def test_a_store_of_another_program_is_one_line(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "store.db").write_bytes(b"this is not a database, whatever its name may say" * 40)

    found = run("serve", "--ports", "auto", "--data", str(data), cwd=tmp_path)

    assert found.returncode == 1
    assert "store.db" in found.stderr
    assert found.stderr.count("\n") == 1


def test_settings_come_from_flag_environment_and_file(tmp_path):
    (tmp_path / "email-sandbox.toml").write_text(
        'data = ":memory:"\n[oci]\nregion = "eu-paris-1"\napproved_senders = ["file@example.com"]\n'
    )
    env = environment(EMAIL_SANDBOX_OCI_REGION="uk-london-1")

    with serving(tmp_path, "--oci-approved-senders", "flag@example.com", env=env) as (_, ready):
        assert ready["oci"]["region"] == "uk-london-1"
        assert ready["oci"]["approved_sender"] == "flag@example.com"
    assert not (tmp_path / ".email-sandbox").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--oci-idle-timeout", "soon"], "--oci-idle-timeout: 'soon' is not a number of seconds from 0.01"),
        (["--config", "none.toml"], "none.toml: there is no such settings file"),
        (["--providers", "nope"], "'nope' is not a provider"),
        (["--oci-regoin", "x"], "--oci-region"),
    ],
)
def test_a_wrong_setting_ends_with_status_2_and_says_what_is_right(tmp_path, arguments, told):
    found = run("serve", *arguments, cwd=tmp_path)

    assert found.returncode == 2
    assert told in found.stderr
    assert "Traceback" not in found.stderr


def test_an_unknown_key_of_the_file_names_the_right_one(tmp_path):
    (tmp_path / "email-sandbox.toml").write_text("[oci]\nregoin = 'eu-paris-1'\n")

    found = run("serve", cwd=tmp_path)

    assert found.returncode == 2
    assert found.stderr == "email-sandbox: email-sandbox.toml: oci.regoin is not a setting; did you mean oci.region?\n"


def test_the_oci_configuration_file_is_complete(tmp_path):
    with serving(tmp_path, "--data", ":memory:", "--region", "eu-frankfurt-1") as (_, ready):
        text = Path(ready["oci"]["config_file"]).read_text()

    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert lines["region"] == "eu-frankfurt-1"
    assert lines["fingerprint"] == ready["oci"]["fingerprint"]


def test_the_overview_imports_nothing_that_is_not_needed(tmp_path):
    script = (
        "import sys; sys.argv = ['email-sandbox', '--help']\n"
        "from sandbox.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'httpx', 'starlette', 'uvicorn', 'aiosmtpd', 'cryptography', 'textual', 'asyncio'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path, check=False
    )

    assert (found.returncode, found.stderr) == (0, "")
    assert "serve" in found.stdout


def test_the_settings_of_the_example_in_the_documentation_are_accepted():
    text = (Path(__file__).parents[1] / "docs/settings.md").read_text()
    example = text.partition("```toml\n")[2].partition("```")[0]

    assert load(tomllib.loads(example)).oci.limits == {"per_minute": 10, "per_day": 200}
