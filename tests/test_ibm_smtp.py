"""IBM's SMTP interface by real programs, its errors forced and natural, and what its recipients get."""

import json
import logging
import os
import re
import resource
import shutil
import smtplib
import ssl
import string
import subprocess
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from dialogues import personality_of, sessions
from installed import node_packages
from smtp_wire import Client, force, stored

from sandbox.app import Sandbox
from sandbox.app.providers import load_providers
from sandbox.core.model import Stage
from sandbox.providers.ibm.mending import mended
from sandbox.settings import Ibm, Settings

MESSAGE = b"From: noreply@example.com\r\nTo: ann@example.org\r\nSubject: hello\r\n\r\ntext\r\n"
ENTRIES = [entry for entry in load_providers(["ibm"])[0].catalog() if entry.channel == "smtp"]
QUEUED = re.compile(rb"250 2\.0\.0 Ok: queued as [0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{12,20}\r\n")


def settings(data=":memory:", **own):
    return Settings(data=str(data), ports="auto", providers=["ibm"], ibm=Ibm(**own))


@pytest.fixture(scope="module")
def running():
    users = [{"username": "username", "password": "password"}]
    with Sandbox(settings(smtp_users=users, api_keys=["an-api-key"])) as sandbox:
        yield sandbox


def connect(sandbox, **more):
    return Client(sandbox, provider="ibm", **more)


def by_smtplib(sandbox, raw=MESSAGE, *, password=None, stands_for=587):
    own = sandbox.ready["ibm"]
    port = next(entry["port"] for entry in own["smtp"] if entry["stands_for"] == stands_for)
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    if stands_for == 465:
        client = smtplib.SMTP_SSL("localhost", port, timeout=20, context=context)
    else:
        client = smtplib.SMTP("localhost", port, timeout=20)
        client.starttls(context=context)
    with client:
        client.login(own["smtp_username"], password or own["smtp_password"])
        return client.sendmail("noreply@example.com", ["ann@example.org"], raw)


# real programs


@pytest.mark.parametrize("stands_for", [587, 465])
def test_smtplib_submits_with_a_password_and_with_an_api_key(sandbox, stands_for):
    assert by_smtplib(sandbox, stands_for=stands_for) == {}
    assert by_smtplib(sandbox, stands_for=stands_for, password="an-api-key") == {}
    assert by_smtplib(sandbox, stands_for=stands_for, password=sandbox.ready["ibm"]["apikey"]) == {}
    with pytest.raises(smtplib.SMTPAuthenticationError):
        by_smtplib(sandbox, stands_for=stands_for, password="another")
    assert len(stored(sandbox)) == 3


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
@pytest.mark.parametrize("mechanism", ["LOGIN", "PLAIN"])
def test_swaks_submits(sandbox, mechanism):
    own = sandbox.ready["ibm"]
    command = ["swaks", "--server", "localhost", "--port", str(own["smtp"][0]["port"]), "--tls", "--tls-verify"]
    command += ["--tls-ca-path", sandbox.ready["ca_file"], "--auth", mechanism, "--auth-user", own["smtp_username"]]
    command += ["--auth-password", own["smtp_password"], "--from", own["sender"], "--to", "ann@example.org"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "queued as" in done.stdout
    assert len(stored(sandbox)) == 1


SCRIPT = """
const nodemailer = require("nodemailer");
const wish = JSON.parse(require("fs").readFileSync(0, "utf8"));
nodemailer.createTransport(wish.transport).sendMail(wish.mail).then(
  (info) => console.log(JSON.stringify(info.response)),
  (error) => console.log(JSON.stringify(error.responseCode)),
);
"""


@pytest.mark.parametrize("dialect", ["postfix", "go-smtp"])
def test_nodemailer_submits_and_is_told_of_an_attachment(dialect):
    with Sandbox(settings(dialect=dialect)) as sandbox:
        assert re.match(r"250 2\.0\.0 Ok: queued", nodemailer(sandbox))
        attachments = [{"filename": "report.pdf", "content": "%PDF"}]
        assert nodemailer(sandbox, attachments=attachments) == 554
        assert len(stored(sandbox)) == 1


def nodemailer(sandbox, **mail):
    own = sandbox.ready["ibm"]
    transport = {
        "host": "localhost", "port": own["smtp"][0]["port"], "requireTLS": True,
        "auth": {"user": own["smtp_username"], "pass": own["smtp_password"]},
        "tls": {"ca": Path(sandbox.ready["ca_file"]).read_text()},
    }  # fmt: skip
    message = {"from": own["sender"], "to": "ann@example.org", "subject": "interop", "text": "text", **mail}
    folder = node_packages("nodemailer", "nodemailer")
    done = subprocess.run(
        ["node", "-e", SCRIPT], input=json.dumps({"transport": transport, "mail": message}), capture_output=True,
        text=True, timeout=60, check=True, cwd=folder, env={**os.environ, "NODE_OPTIONS": ""},
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


DOCUMENTED = (
    "auth login\ndXNlcm5hbWU=\ncGFzc3dvcmQ=\nmail from: mailer@example.com\nrcpt to: recipient@test.com\ndata\n"
    "from: Mailer <mailer@example.com>\nto: Recipient <recipent@test.com>\n"
    "Subject: IBM Cloud Event Notifications SMTP interface\n"
    "Get the all events securely from IBM EN SMTP Interface\n.\nquit\n"
)
REPLIES = [
    "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 Authentication successful", "250 2.1.0 Ok", "250 2.1.5 Ok",
    "354 End data with <CR><LF>.<CR><LF>",
]  # fmt: skip


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_documented_transcript_typed_into_openssl(sandbox):
    """As documented: no EHLO under TLS, no -crlf, no empty line between header and text."""
    port = sandbox.ready["ibm"]["smtp"][0]["port"]
    command = ["openssl", "s_client", "-quiet", "-starttls", "smtp", "-CAfile", sandbox.ready["ca_file"]]
    done = subprocess.run(
        [*command, "-connect", f"localhost:{port}"], input=DOCUMENTED, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    start = lines.index(REPLIES[0])
    assert lines[start : start + len(REPLIES)] == REPLIES
    assert QUEUED.fullmatch(lines[start + len(REPLIES)].encode() + b"\r\n")
    assert lines[-1] == "221 2.0.0 Bye"
    ((record, octets),) = stored(sandbox)
    assert record.subject == "IBM Cloud Event Notifications SMTP interface"
    assert octets.endswith(b"interface\r\n\r\nGet the all events securely from IBM EN SMTP Interface\r\n")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"a: b\r\ntext\r\n", b"a: b\r\n\r\ntext\r\n"),
        (b"a: b\r\n folded\r\nc: d\r\n\r\ntext: no\r\nmore\r\n", None),
        (b"a: b\r\n", None),
        (b"text\r\na: b\r\n", None),
        (b"", None),
    ],
)
def test_a_header_that_no_empty_line_ends_is_ended(sent, kept):
    assert mended(sent) == (sent if kept is None else kept)


# forced


def reply_at(client, stage):  # noqa: PLR0911 - one for each stage
    """Speak up to `stage`; returns the reply there."""
    if stage is Stage.CONNECT:
        return client.reply()
    if stage in (Stage.EHLO, Stage.STARTTLS):
        client.reply()
        said = client.say("EHLO client.example")
        return said if stage is Stage.EHLO else client.say("STARTTLS")
    client.ehlo()
    said = client.say(f"AUTH PLAIN {client.secret}")
    if stage is Stage.AUTH:
        return said
    if stage is Stage.OTHER:
        return client.say("NOOP")
    said = client.say("MAIL FROM:<noreply@example.com>")
    if stage is Stage.MAIL:
        return said
    said = client.say("RCPT TO:<reader@example.org>")
    if stage is Stage.RCPT:
        return said
    return client.say("DATA") if stage is Stage.DATA else client.message(MESSAGE)


def expected(entry, stage, sandbox):
    values = {
        "user": sandbox.ready["ibm"]["smtp_username"],
        "address": "reader@example.org" if stage is Stage.RCPT else "noreply@example.com",
        "limit": 50,
        "verb": "NOOP",
        "ip": "127.0.0.1",
        "host": personality_of(sandbox, "ibm").dialect.host,
    }
    used = {name: values[name] for _, name, _, _ in string.Formatter().parse(entry.text) if name}
    return f"{entry.status} {entry.text.format(**used)}\r\n".encode()


@pytest.mark.parametrize(
    ("entry", "stage"),
    [(entry, stage) for entry in ENTRIES for stage in entry.stages],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_a_forced_error_is_what_the_service_would_say(sandbox, entry, stage):
    """At each of its stages, byte for byte, whatever the dialect; it closes where the service does."""
    force(sandbox, entry.id, "ibm", stage=str(stage))
    client = connect(sandbox)
    try:
        assert reply_at(client, stage) == expected(entry, stage, sandbox)
        if entry.closes:
            assert client.reply() == b""
    finally:
        client.close()
    last = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]
    assert [(one["error"], one["forced"]) for one in last.refusals][:1] == [(entry.id, True)]


# what goes wrong inside


def failing(*_, **__):
    raise RuntimeError("a fault below the wire")


DIALECTS = {
    "postfix": ("ibm.smtp.451.server-error", "ibm.smtp.421.repeated-failures"),
    "go-smtp": ("ibm.smtp.451.go-failed", "ibm.smtp.421.go-internal"),
}


@pytest.mark.proves(
    "ibm.smtp.451.server-error",
    "ibm.smtp.421.repeated-failures",
    "ibm.smtp.451.go-failed",
    "ibm.smtp.421.go-internal",
    "ibm.smtp.554.go-transaction-failed",
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_internal_errors_are_answered_without_their_text(dialect, monkeypatch, caplog):
    with caplog.at_level(logging.CRITICAL, "sandbox"), Sandbox(settings(dialect=dialect)) as sandbox:
        rules = sandbox.runtime.services.providers["ibm"].rules
        client = connect(sandbox).login().envelope()
        with monkeypatch.context() as broken:
            broken.setattr(rules, "envelope_id", failing)
            assert client.message(MESSAGE)[:3] in (b"451", b"554")
        with monkeypatch.context() as broken:
            broken.setattr(rules, "sizes", failing)
            assert client.say("MAIL FROM:<noreply@example.com>").startswith(b"451 4.")
            assert client.say("MAIL FROM:<noreply@example.com>").startswith(b"421 4.")
        assert client.reply() == b""
        client.close()
        (session,) = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)
        assert [one["error"] for one in session.refusals][1:] == list(DIALECTS[dialect])
        assert stored(sandbox) == []


@pytest.mark.proves("ibm.smtp.452.storage", "ibm.smtp.452.go-storage", "ibm.smtp.421.shutting-down")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_store_that_can_t_grow_and_a_stop_are_told(tmp_path, dialect, caplog):
    with caplog.at_level(logging.CRITICAL), Sandbox(settings(tmp_path / "data", dialect=dialect)) as sandbox:
        client = connect(sandbox).login()
        big = MESSAGE + (b"z" * 998 + b"\r\n") * 1500
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        try:
            assert client.envelope().message(big) == b"452 4.3.1 Insufficient system storage\r\n"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert client.envelope().message(big).startswith(b"250 ")
        sandbox.stop()
        assert client.reply().startswith(b"421 4.")
        client.close()


# attachments


def with_attachment():
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "noreply@example.com", "ann@example.org", "report"
    message.set_content("see the file")
    message.add_alternative("<p>see the file</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="report.pdf")
    return message.as_bytes().replace(b"\n", b"\r\n")


def delivered(sandbox):
    services = sandbox.runtime.services
    ((record, octets),) = stored(sandbox)
    account = services.accounts.ready_made
    copies = services.providers["ibm"].copies
    return message_from_bytes(sandbox.call(copies.get(account, record, octets, "ann@example.org")).octets)


@pytest.mark.parametrize(("setting", "kinds"), [
    ("drop", ["multipart/mixed", "multipart/alternative", "text/plain", "text/html"]),
    ("accept", ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]),
])  # fmt: skip
def test_attachments_are_dropped_or_delivered_as_set(setting, kinds):
    """What was submitted stays whole either way; the copy is signed and its signature holds."""
    with Sandbox(settings(attachments=setting)) as sandbox:
        raw = with_attachment()
        assert by_smtplib(sandbox, raw) == {}
        ((record, octets),) = stored(sandbox)
        assert b"report.pdf" in octets
        assert record.attributes.get("dropped_attachments") == (["report.pdf"] if setting == "drop" else None)
        copy = delivered(sandbox)
        assert [part.get_content_type() for part in copy.walk()] == kinds
        assert copy["Return-Path"] == "<noreply@example.com>"
        assert f"id {record.envelope_id}" in copy["Received"]


def test_texts_are_no_attachments(sandbox):
    message = EmailMessage()
    message["From"], message["Subject"] = "noreply@example.com", "texts"
    message.set_content("plain")
    message.add_alternative("<p>html</p>", subtype="html")
    assert by_smtplib(sandbox, message.as_bytes()) == {}
    for kind in ("application/pdf", "text/plain\r\nContent-Disposition: attachment", "image/png"):
        with pytest.raises(smtplib.SMTPDataError, match="attachments are not supported"):
            by_smtplib(sandbox, MESSAGE.replace(b"Subject", f"Content-Type: {kind}\r\nSubject".encode()))


def test_bounces_honour_what_was_asked_of_reports(sandbox):
    """NOTIFY=NEVER: nobody is told; ENVID and ORCPT come back in the report otherwise."""
    client = connect(sandbox).login()
    for notify, recipient in (("NEVER", "a@gone.invalid"), ("FAILURE", "b@gone.invalid")):
        client.say("MAIL FROM:<noreply@example.com> RET=HDRS ENVID=QQ314159")
        client.say(f"RCPT TO:<{recipient}> NOTIFY={notify} ORCPT=rfc822;x@gone.invalid")
        assert client.message(MESSAGE).startswith(b"250 ")
    client.close()
    services = sandbox.runtime.services
    sandbox.call(services.delivery.run_due())
    by_recipient = {record.envelope.rcpt_to[0]: record for record, _ in stored(sandbox)}
    assert by_recipient["a@gone.invalid"].envelope.rcpt_params == {
        "a@gone.invalid": {"NOTIFY": "NEVER", "ORCPT": "rfc822;x@gone.invalid"}
    }
    reports = {
        name: sandbox.call(services.store.reports.of_message("default", record.id))
        for name, record in by_recipient.items()
    }
    assert not reports["a@gone.invalid"]
    assert len(reports["b@gone.invalid"]) == 1


def test_isolated_accounts_send_for_themselves_only(sandbox):
    """Each has an instance, a user and a key of its own; another account's key is no password."""
    runtime = sandbox.runtime
    account = sandbox.call(runtime.services.accounts.create())
    sandbox.call(runtime.provision(account))
    other = sandbox.call(runtime.connection(account))["ibm"]
    assert other["instance_id"] != sandbox.ready["ibm"]["instance_id"]
    with pytest.raises(smtplib.SMTPAuthenticationError):
        by_smtplib(sandbox, password=other["apikey"])
