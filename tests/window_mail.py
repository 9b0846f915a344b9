"""Puts messages and refused sessions into a running sandbox, for the tests of its window."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from sandbox.core.model import Channel, Envelope, Principal, Stage, Submission
from sandbox.core.transcript import Transcript

SENDER = "noreply@example.com"


def compose(*, subject="Hello", text="Dear reader", html="", to="ann@example.net", files=()):
    """The octets of a message; `files` are (name, type, octets)."""
    message = EmailMessage()
    message["From"] = f"Shop <{SENDER}>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, kind, octets in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(octets, maintype=main, subtype=sub, filename=name)
    return message.as_bytes().replace(b"\n", b"\r\n")


def post(sandbox, raw=None, **fields):
    """Have a message accepted; returns its id. The fields are those of `submission`."""
    return sandbox.call(sandbox.runtime.services.intake.accept(submission(sandbox, raw, **fields))).message


def submission(sandbox, raw=None, *, account=None, rcpt=("ann@example.net",), **fields):
    """What would come in by SMTP; `fields` are those of `compose`."""
    services = sandbox.runtime.services
    owner = services.accounts.get(account)
    (identity,) = sandbox.call(services.store.resources.all(owner.id, "oci", "identity"))
    return Submission(
        principal=Principal(account=owner.id, provider="oci", user=identity.data["user"], credential="c"),
        channel=Channel.SMTP,
        envelope=Envelope(mail_from=SENDER, rcpt_to=tuple(rcpt), helo="client.test", client="127.0.0.1:5", user="u"),
        raw=compose(**fields) if raw is None else raw,
        session="s1",
    )


def refuse(sandbox, *, session="refused1", error="oci.smtp.254.suppressed", client="127.0.0.1:9"):
    """Let a conversation end in a refusal; returns its transcript."""
    transcript = begin(sandbox, session=session, client=client)
    entry = sandbox.runtime.services.providers["oci"].catalog.get(error)
    transcript.said("client", "RCPT TO:<bob@example.net>")
    transcript.refused(entry, Stage.RCPT, "no", forced=False)
    sandbox.call(sandbox.runtime.services.sessions.leave(transcript))
    return transcript


def begin(sandbox, *, session, client="127.0.0.1:9"):
    """A conversation that goes on."""
    services = sandbox.runtime.services
    account = services.accounts.ready_made
    transcript = Transcript(
        session=session, account=account.id, provider="oci", channel=Channel.SMTP, client=client, clock=account.clock
    )
    services.sessions.enter(transcript)
    return transcript


def smtp(sandbox):
    """A client that is logged in to the sandbox."""
    oci = sandbox.ready["oci"]
    (listener,) = (one for one in oci["smtp"] if one["stands_for"] == 587)
    client = smtplib.SMTP(listener["host"], listener["port"], timeout=20)
    client.starttls(context=ssl.create_default_context(cafile=sandbox.ready["ca_file"]))
    client.login(oci["smtp_username"], oci["smtp_password"])
    return client


def mail(subject, sender=SENDER):
    """A message for such a client to send."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "ann@example.net", subject
    message.set_content("Dear reader")
    return message
