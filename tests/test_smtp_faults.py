"""Forced errors over SMTP: every row, byte for byte, and as the exception that smtplib makes of it."""

import smtplib
import ssl
import string

import pytest
from dialogues import sessions, settings_of
from smtp_wire import Client, force, stored

from sandbox.app import Sandbox
from sandbox.app.providers import load_providers
from sandbox.core.model import Stage

ENTRIES = [entry for entry in load_providers(["oci"])[0].catalog() if entry.channel == "smtp"]
CASES = [(entry, stage) for entry in ENTRIES for stage in entry.stages]
MESSAGE = b"From: noreply@example.com\r\nSubject: forced\r\n\r\ntext\r\n"


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings_of("")) as sandbox:
        yield sandbox


def test_there_are_rows():
    assert len(ENTRIES) >= 40


def reply_at(client, stage):  # noqa: PLR0911 - one for each stage
    """Speak up to `stage`; returns the reply there."""
    if stage is Stage.CONNECT:
        return client.reply()
    if stage is Stage.EHLO:
        client.reply()
        return client.say("EHLO client.example")
    if stage is Stage.STARTTLS:
        client.reply()
        client.say("EHLO client.example")
        return client.say("STARTTLS")
    client.ehlo()
    if stage is Stage.AUTH:
        return client.say(f"AUTH PLAIN {client.secret}")
    client.say(f"AUTH PLAIN {client.secret}")
    if stage is Stage.OTHER:
        return client.say("NOOP")
    if stage is Stage.MAIL:
        return client.say("MAIL FROM:<noreply@example.com>")
    client.say("MAIL FROM:<noreply@example.com>")
    if stage is Stage.RCPT:
        return client.say("RCPT TO:<reader@example.org>")
    client.say("RCPT TO:<reader@example.org>")
    return client.say("DATA") if stage is Stage.DATA else client.message(MESSAGE)


def expected(entry, stage, sandbox):
    oci = sandbox.ready["oci"]
    services = sandbox.runtime.services
    limits = services.providers["oci"].rules.limits(services.accounts.ready_made)
    address = "reader@example.org" if stage is Stage.RCPT else "noreply@example.com"
    limit = limits.per_minute if "minute" in entry.id else limits.per_day
    values = {
        "user": oci["user"],
        "recipient": "reader@example.org",
        "address": address,
        "limit": limit,
        "verb": "NOOP",
    }
    used = {name: values[name] for _, name, _, _ in string.Formatter().parse(entry.text) if name}
    return f"{entry.status} {entry.text.format(**used)}\r\n".encode()


@pytest.mark.parametrize(("entry", "stage"), CASES, ids=lambda value: getattr(value, "id", str(value)))
def test_a_forced_error_is_what_the_service_would_say(sandbox, entry, stage):
    """At each of its stages, byte for byte; it closes where the service does; the transcript says forced."""
    force(sandbox, entry.id, stage=str(stage))
    client = Client(sandbox)
    try:
        assert reply_at(client, stage) == expected(entry, stage, sandbox)
        if entry.closes:
            assert client.reply() == b""
        else:
            assert client.say("NOOP")[:3] in (b"250", str(entry.status).encode())
    finally:
        client.close()
    last = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]
    refusal = last.refusals[0]
    assert (refusal["error"], refusal["forced"], refusal["stage"]) == (entry.id, True, str(stage))
    assert (refusal["trigger"], refusal["remedy"]) == (entry.trigger, entry.remedy)


def by_smtplib(sandbox):
    oci = sandbox.ready["oci"]
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    with smtplib.SMTP("127.0.0.1", oci["smtp"][0]["port"], timeout=10) as client:
        client.starttls(context=context)
        client.login(oci["smtp_username"], oci["smtp_password"])
        return client.sendmail("noreply@example.com", ["reader@example.org"], MESSAGE)


EXCEPTIONS = {
    Stage.CONNECT: smtplib.SMTPConnectError,
    Stage.AUTH: smtplib.SMTPAuthenticationError,
    Stage.MAIL: smtplib.SMTPSenderRefused,
    Stage.RCPT: smtplib.SMTPRecipientsRefused,
    Stage.DATA: smtplib.SMTPDataError,
    Stage.BODY: smtplib.SMTPDataError,
}


@pytest.mark.parametrize(
    ("entry", "stage"),
    # smtplib takes 503 in reply to AUTH for success: somebody is logged in already
    [(entry, stage) for entry, stage in CASES if stage in EXCEPTIONS and (entry.status, stage) != (503, Stage.AUTH)],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_smtplib_raises_what_the_service_would_make_it_raise(sandbox, entry, stage):
    force(sandbox, entry.id, stage=str(stage))
    with pytest.raises(EXCEPTIONS[stage]) as caught:
        by_smtplib(sandbox)
    error = caught.value
    code = next(iter(error.recipients.values()))[0] if stage is Stage.RCPT else error.smtp_code
    assert code == entry.status
    assert stored(sandbox) == []


def test_a_fault_strikes_whom_it_names_and_as_often_as_it_says(sandbox):
    force(sandbox, "smtp.455.per-day", match={"recipient": "*@slow.example", "subject": "forc*"}, times=1)
    client = Client(sandbox).login()
    assert client.envelope().message(MESSAGE) == b"250 Ok\r\n"
    assert client.envelope(recipient="a@slow.example").message(MESSAGE).startswith(b"455 Maximum messages sent per day")
    assert client.envelope(recipient="a@slow.example").message(MESSAGE) == b"250 Ok\r\n"
    client.close()


def test_a_magic_recipient_meets_its_error_where_it_belongs(sandbox):
    """At RCPT when the error can happen there, else after the data; what can't happen to a recipient is none."""
    client = Client(sandbox).login()
    client.envelope()
    said = client.say("RCPT TO:<smtp.553.invalid-address@fault.email-sandbox.test>")
    assert said == b"553 <smtp.553.invalid-address@fault.email-sandbox.test> Invalid email address\r\n"
    assert client.say("RCPT TO:<oci.smtp.452.storage@fault.email-sandbox.test>") == b"250 Ok\r\n"
    assert client.message(MESSAGE) == b"452 System storage error\r\n"
    client.envelope()
    assert client.say("RCPT TO:<smtp.503.need-rcpt@fault.email-sandbox.test>") == b"250 Ok\r\n"
    assert client.say("DATA") == b"503 Need RCPT command\r\n"
    assert client.say("RSET") == b"250 Ok\r\n"
    client.envelope(recipient="smtp.535.credentials-invalid@fault.email-sandbox.test")
    assert client.message(MESSAGE) == b"250 Ok\r\n"
    client.close()
    assert len(stored(sandbox)) == 1
