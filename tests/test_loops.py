"""The loop that a sandbox runs on: uvloop where it is installed, and everything works there as well."""

import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys
import time

import httpx
import pytest
from installed import python_packages

CODE = (
    "import sys; sys.path.append(sys.argv[1]); sys.argv[1:2] = []\n"
    "from sandbox.app.loops import new_event_loop\n"
    "print(type(new_event_loop()).__module__, file=sys.stderr)\n"
    "from sandbox.cli import main\nmain()"
)


@pytest.fixture(scope="module")
def packages():
    programs = python_packages("uvloop", "uvloop")
    return next((programs.parent / "lib").glob("python*/site-packages"))


def test_a_sandbox_on_uvloop_takes_mail_refuses_handshakes_and_stops(tmp_path, packages):
    ready = tmp_path / "ready.json"
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        CODE,
        packages,
        "serve",
        "--ports",
        "auto",
        "--data",
        tmp_path / "d",
    ]
    server = subprocess.Popen(
        [*command, "--ready-file", ready], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ)
    )
    try:
        deadline = time.monotonic() + 60
        while not ready.exists() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        found = json.loads(ready.read_text())
        oci, context = found["oci"], ssl.create_default_context(cafile=found["ca_file"])
        ports = {entry["stands_for"]: entry["port"] for entry in oci["smtp"]}
        with smtplib.SMTP("localhost", ports[587], timeout=30) as client:
            client.starttls(context=context)
            client.login(oci["smtp_username"], oci["smtp_password"])
            client.sendmail(oci["approved_sender"], ["a@example.org"], b"From: noreply@example.com\r\n\r\nx\r\n")
        with smtplib.SMTP_SSL("localhost", ports[465], timeout=30, context=context) as client:
            assert client.noop()[0] == 250
        wrong = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        wrong.check_hostname, wrong.verify_mode = False, ssl.CERT_NONE
        wrong.minimum_version = ssl.TLSVersion.TLSv1_3
        with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
            smtplib.SMTP_SSL("localhost", ports[465], timeout=30, context=wrong)
        assert httpx.get(f"{found['http']}/sandbox/v1/messages", trust_env=False, timeout=60).json()["total"] == 1
    finally:
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=60)
    assert server.returncode == 0
    assert said.decode().startswith("uvloop")
