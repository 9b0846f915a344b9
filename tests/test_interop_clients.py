"""Real programs deliver through OCI's listeners, and meet its errors each in their own way."""

import json
import os
import shutil
import smtplib
import ssl
import subprocess
from pathlib import Path

import pytest
from dialogues import sessions, settings_of
from installed import node_packages
from smtp_wire import stored

from sandbox.app import Sandbox

MESSAGE = "From: noreply@example.com\nTo: ann@example.org\nSubject: interop\n\ntext\n"
STRANGER = "stranger@example.net"
GONE = "gone@example.org"


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings_of(f'suppressed = ["{GONE}"]\nauth_failures = 1000')) as sandbox:
        yield sandbox


def port_of(sandbox, stands_for=587):
    return next(entry["port"] for entry in sandbox.ready["oci"]["smtp"] if entry["stands_for"] == stands_for)


def run(command, text="", **more):
    """(status, everything it said)."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=180, check=False, **more)
    return done.returncode, done.stdout + done.stderr


def recipients(sandbox):
    return [record.envelope.rcpt_to for record, _ in stored(sandbox)]


# swaks


def swaks(sandbox, *options, sender="noreply@example.com", to="ann@example.org", password=None):
    oci = sandbox.ready["oci"]
    command = ["swaks", "--server", "localhost", "--port", str(port_of(sandbox)), "--tls", "--tls-verify"]
    command += ["--tls-ca-path", sandbox.ready["ca_file"], "--auth", "PLAIN", "--auth-user", oci["smtp_username"]]
    command += ["--auth-password", password or oci["smtp_password"], "--from", sender, "--to", to, "--hide-all"]
    return run([*command, *options])


@needs("swaks")
def test_swaks_delivers(sandbox):
    status, said = swaks(sandbox)
    assert status == 0, said
    assert recipients(sandbox) == [("ann@example.org",)]


@needs("swaks")
def test_swaks_takes_a_suppressed_recipient_for_an_error(sandbox):
    """It quits when no recipient is left; with a good one besides, it sends."""
    status, _ = swaks(sandbox, to=GONE)
    assert status == 24
    assert stored(sandbox) == []
    assert swaks(sandbox, to=f"ann@example.org,{GONE}")[0] == 0
    assert recipients(sandbox) == [("ann@example.org", GONE)]


@needs("swaks")
def test_swaks_tells_a_refused_sender_a_wrong_password_and_a_missing_mechanism_apart(sandbox):
    assert swaks(sandbox, sender=STRANGER)[0] == 23
    assert swaks(sandbox, password="wrong")[0] == 28
    assert swaks(sandbox, "--auth", "LOGIN")[0] == 28
    assert stored(sandbox) == []


# curl


def curl(sandbox, tmp_path, *options, sender="noreply@example.com", to=("ann@example.org",), password=None, port=587):
    oci = sandbox.ready["oci"]
    file = tmp_path / "message.eml"
    file.write_text(MESSAGE.replace("\n", "\r\n"), newline="")
    scheme = "smtps" if port == 465 else "smtp"
    command = ["curl", "-sS", "--ssl-reqd", "--cacert", sandbox.ready["ca_file"]]
    command += [f"{scheme}://localhost:{port_of(sandbox, port)}/client.example"]
    command += ["--user", f"{oci['smtp_username']}:{password or oci['smtp_password']}", "--mail-from", sender]
    command += [part for one in to for part in ("--mail-rcpt", one)]
    return run([*command, "--upload-file", str(file), *options])


@needs("curl")
@pytest.mark.parametrize("port", [587, 465])
def test_curl_delivers(sandbox, tmp_path, port):
    status, said = curl(sandbox, tmp_path, port=port)
    assert status == 0, said
    assert stored(sandbox)[0][1] == MESSAGE.replace("\n", "\r\n").encode()


@needs("curl")
def test_curl_takes_a_suppressed_recipient_for_accepted(sandbox, tmp_path):
    assert curl(sandbox, tmp_path, to=(GONE,))[0] == 0
    assert curl(sandbox, tmp_path, to=("ann@example.org", GONE))[0] == 0
    assert recipients(sandbox) == [(GONE,), ("ann@example.org", GONE)]


@needs("curl")
def test_curl_fails_with_its_own_codes(sandbox, tmp_path):
    """67 for a login, also with a mechanism that is not offered: nothing is sent then; 55 for a sender."""
    assert curl(sandbox, tmp_path, password="wrong")[0] == 67
    assert curl(sandbox, tmp_path, "--login-options", "AUTH=LOGIN")[0] == 67
    last = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]
    assert not any(line["text"].startswith("AUTH") for line in last.lines)
    assert curl(sandbox, tmp_path, sender=STRANGER)[0] == 55


# nodemailer

SCRIPT = """
const nodemailer = require("nodemailer");
const wish = JSON.parse(require("fs").readFileSync(0, "utf8"));
const transport = nodemailer.createTransport(wish.transport);
transport.sendMail(wish.mail).then(
  (info) => console.log(JSON.stringify({ response: info.response, accepted: info.accepted, rejected: info.rejected })),
  (error) => console.log(JSON.stringify({ code: error.code, responseCode: error.responseCode })),
);
"""


def nodemailer(sandbox, *, sender="noreply@example.com", to=("ann@example.org",), port=587, **auth):
    oci = sandbox.ready["oci"]
    ca = Path(sandbox.ready["ca_file"]).read_text()
    transport = {
        "host": "localhost",
        "port": port_of(sandbox, port),
        "secure": port == 465,
        "requireTLS": port != 465,
        "auth": {"user": oci["smtp_username"], "pass": oci["smtp_password"], **auth},
        "tls": {"ca": ca, "minVersion": "TLSv1.2"},
    }
    wish = {"transport": transport, "mail": {"from": sender, "to": list(to), "subject": "interop", "text": "text"}}
    folder = node_packages("nodemailer", "nodemailer")
    status, said = run(["node", "-e", SCRIPT], json.dumps(wish), cwd=folder, env={**os.environ, "NODE_OPTIONS": ""})
    assert status == 0, said
    return json.loads(said.splitlines()[-1])


@pytest.mark.parametrize("port", [587, 465])
def test_nodemailer_delivers(sandbox, port):
    assert nodemailer(sandbox, port=port)["response"] == "250 Ok"
    assert recipients(sandbox) == [("ann@example.org",)]


def test_nodemailer_takes_a_suppressed_recipient_for_accepted(sandbox):
    assert nodemailer(sandbox, to=[GONE])["accepted"] == [GONE]
    assert nodemailer(sandbox, to=["ann@example.org", GONE])["accepted"] == ["ann@example.org", GONE]
    assert recipients(sandbox) == [(GONE,), ("ann@example.org", GONE)]


def test_nodemailer_names_what_failed(sandbox):
    assert nodemailer(sandbox, sender=STRANGER) == {"code": "EENVELOPE", "responseCode": 535}
    assert nodemailer(sandbox, **{"pass": "wrong"}) == {"code": "EAUTH", "responseCode": 535}


# smtplib


def test_smtplib_meets_each_as_its_own_exception(sandbox):
    oci = sandbox.ready["oci"]
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    with smtplib.SMTP("localhost", port_of(sandbox), timeout=60) as client:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.login(oci["smtp_username"], oci["smtp_password"])
        client.starttls(context=context)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(oci["smtp_username"], "wrong")
        client.login(oci["smtp_username"], oci["smtp_password"])
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail(STRANGER, ["ann@example.org"], MESSAGE)
        assert refused.value.smtp_code == 535
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("noreply@example.com", [GONE], MESSAGE)
        found = client.sendmail("noreply@example.com", ["ann@example.org", GONE], MESSAGE)
        assert {address: code for address, (code, _) in found.items()} == {GONE: 254}
    assert recipients(sandbox) == [("ann@example.org", GONE)]


# openssl by hand


@needs("openssl")
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_session_typed_into_openssl(sandbox, line_end):
    """With -crlf, whatever the terminal sends: `auth login` in small letters is no secret's way into the transcript."""
    from dialogues import plain

    oci = sandbox.ready["oci"]
    lines = ["ehlo client.example", "auth login", f"auth plain {plain(oci['smtp_username'], oci['smtp_password'])}"]
    lines += [
        "mail from: noreply@example.com",
        "rcpt to: ann@example.org",
        "data",
        *MESSAGE.replace("From:", "from:").splitlines(),
        ".",
        "quit",
    ]
    command = ["openssl", "s_client", "-quiet", "-starttls", "smtp", "-CAfile", sandbox.ready["ca_file"]]
    command += ["-connect", f"localhost:{port_of(sandbox)}", *(["-crlf"] if line_end == "\n" else [])]
    done = subprocess.run(
        command, input=(line_end.join(lines) + line_end).encode(), capture_output=True, timeout=120, check=False
    )
    assert b"504 Method not supported" in done.stdout
    assert done.stdout.rstrip().endswith(b"221 Bye"), done
    assert len(stored(sandbox)) == 1


@needs("openssl")
def test_openssl_without_crlf_is_told_so(sandbox):
    command = ["openssl", "s_client", "-quiet", "-starttls", "smtp", "-CAfile", sandbox.ready["ca_file"]]
    command += ["-connect", f"localhost:{port_of(sandbox)}"]
    _, said = run(command, "ehlo client.example\nquit\n")
    assert "500 5.5.2 Bare <LF> received" in said
    assert "-crlf" in said
    assert stored(sandbox) == []
