"""The simulator's `ooto`: delivered, then an automatic reply (RFC 3834) to the return path, kept and sent as reports are."""

import asyncio
import smtplib
import socket
import ssl
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP
from hypothesis import given
from hypothesis import strategies as st
from ses_kit import Kit
from test_reports import RAW, record

from sandbox.app import Sandbox
from sandbox.core.ids import Ids
from sandbox.core.reports.auto_reply import auto_reply
from sandbox.providers.ses.simulator import OUT_OF_OFFICE
from sandbox.settings import Delivery, Ses, Settings

OOTO = "ooto@simulator.amazonses.com"
PATIENCE = 60
"""Seconds after which a test gives up; no result depends on it."""


class Mailbox:
    """The user's own mail server, which the reports go to."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.sessions, self.mail = [], asyncio.Queue()

    async def open(self):
        loop = asyncio.get_running_loop()

        def session():
            self.sessions.append(SMTP(self, hostname="mailbox.test", loop=loop))
            return self.sessions[-1]

        self.server = await loop.create_server(session, sock=self.socket)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the name that aiosmtpd looks for
        self.mail.put_nowait((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 Ok"

    async def close(self):
        self.server.close()
        await asyncio.gather(*(one._handler_coroutine for one in self.sessions), return_exceptions=True)


@pytest.fixture(scope="module")
def mailbox():
    return Mailbox()


@pytest.fixture(scope="module")
def ses(mailbox):
    target = f"127.0.0.1:{mailbox.socket.getsockname()[1]}"
    verified = Ses(verified_identities=["noreply@example.com", "bounces.example"])
    settings = Settings(
        data=":memory:", ports="auto", providers=["ses"], ses=verified, delivery=Delivery(bounce_smtp=target)
    )
    with Sandbox(settings) as sandbox:
        sandbox.call(mailbox.open())
        yield Kit(sandbox)
        sandbox.call(mailbox.close())


def by_smtp(ses, fields, recipients=(OOTO,)):
    """Send by SMTP with these header fields; returns SES's id of it."""
    ready = ses.sandbox.ready
    own, listener = ready["ses"], ready["ses"]["smtp"][0]
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        smtp.login(own["smtp_username"], own["smtp_password"])
        smtp.mail(ses.sender)
        for recipient in recipients:
            smtp.rcpt(recipient)
        code, words = smtp.data(f"From: {ses.sender}\r\n{fields}\r\nHello\r\n".encode())
    assert code == 250, words
    return words.decode().split()[1]


def replies(ses, message_id):
    """The rows of the reports on a message, once it was delivered."""
    ses.sandbox.call(ses.sandbox.runtime.delivery.run_due())
    stored = ses.record(message_id)
    assert {one.outcome.value for one in stored.recipients} == {"delivered"}
    return ses.sandbox.call(ses.services.store.reports.of_message(ses.account.id, stored.id))


def read(ses, row):
    raw = ses.sandbox.call(ses.services.store.reports.raw(ses.account.id, row.id))
    return message_from_bytes(raw, policy=default)


def came(ses, mailbox, row):
    """The envelope and the octets with which a report reached the mail server, as long as it takes."""
    wanted = ses.sandbox.call(ses.services.store.reports.raw(ses.account.id, row.id))
    while (mail := ses.sandbox.call(asyncio.wait_for(mailbox.mail.get(), PATIENCE)))[2] != wanted:
        pass
    return mail


def test_the_reply_reaches_the_return_path(ses, mailbox):
    message_id = ses.send("ooto+label@simulator.amazonses.com", FeedbackForwardingEmailAddress="back@bounces.example")
    (row,) = replies(ses, message_id)
    assert (row.kind, row.sender) == ("auto_reply", "MAILER-DAEMON@amazonses.com")
    assert row.about == ["ooto+label@simulator.amazonses.com"]
    sender, recipients, octets = came(ses, mailbox, row)
    assert (sender, recipients) == ("<>", ["back@bounces.example"])
    reply = message_from_bytes(octets, policy=default)
    assert reply["From"] == "MAILER-DAEMON@amazonses.com"
    assert reply["To"].addresses[0].addr_spec == "back@bounces.example"
    assert reply["Subject"] == "Out of the Office: Hello"
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["In-Reply-To"] == reply["References"] == f"<{message_id}@email.amazonses.com>"
    assert "out of the office" in reply.get_content()


def test_it_answers_the_message_that_the_recipient_got(ses):
    fields = (
        "Return-Path: <Back@bounces.example>\r\nMessage-ID: <own@example.com>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
        "References: <first@a.example>\r\n <second@a.example>\r\n"
    )
    message_id = by_smtp(ses, fields)
    (row,) = replies(ses, message_id)
    reply = read(ses, row)
    got = message_from_bytes(ses.copy(message_id, OOTO).encode(), policy=default)
    assert row.recipient == "Back@bounces.example"
    assert reply["Subject"] == "Out of the Office: Grüße"
    assert reply["In-Reply-To"] == got["Message-ID"]
    assert reply["References"] == f"<first@a.example> <second@a.example> {got['Message-ID']}"


def test_each_recipient_answers_and_only_the_simulator(ses, mailbox):
    recipients = [OOTO, "ooto+2@simulator.amazonses.com", "success@simulator.amazonses.com"]
    rows = replies(ses, by_smtp(ses, "Subject: x\r\n", recipients))
    assert [row.about for row in rows] == [[one] for one in recipients[:2]]
    assert {row.recipient for row in rows} == {ses.sender}
    assert len({read(ses, row)["Message-ID"] for row in rows}) == 2
    assert [came(ses, mailbox, row)[1] for row in rows] == [[ses.sender]] * 2


def test_senders_without_forwarded_feedback_get_it_too(ses):
    ses.v2.put_email_identity_feedback_attributes(EmailIdentity=ses.sender, EmailForwardingEnabled=False)
    try:
        assert len(replies(ses, by_smtp(ses, "Subject: x\r\n"))) == 1
    finally:
        ses.v2.put_email_identity_feedback_attributes(EmailIdentity=ses.sender, EmailForwardingEnabled=True)


@pytest.mark.parametrize(
    "field", ["Auto-Submitted: auto-generated", "auto-submitted: (loop) Auto-Replied; x=y", "Return-Path: <>"]
)
def test_what_must_not_be_answered_is_only_delivered(ses, field):
    assert replies(ses, by_smtp(ses, f"{field}\r\n")) == []


def made(raw=RAW, message=None):
    return auto_reply(message or record(), raw, OUT_OF_OFFICE, sent_id="sent@ses.test", now=1_000_600.0, ids=Ids(1))


def test_the_null_sender_is_never_answered():
    assert made() is not None
    assert made(message=record("")) is None
    assert made(b"Return-Path: <a@b.test>\r\n" + RAW, record("")) is None


@pytest.mark.parametrize("path", ["somebody", '"a b"@b.test', "\u00e9@b.test", ""])
def test_a_return_path_that_is_none_leaves_the_reply_to_the_envelope(path):
    assert made(f"Return-Path: <{path}>x\r\n".encode() + RAW).recipient == "bounces@b.test"


@pytest.mark.parametrize("value", ["no", "No (by hand)", "no; x=y"])
def test_a_message_by_hand_is_answered(value):
    assert made(b"Auto-Submitted: " + value.encode() + b"\r\n" + RAW).recipient == "bounces@b.test"


@given(st.text(max_size=2000), st.text(max_size=200), st.text(max_size=200))
def test_nothing_that_mail_contains_breaks_the_form(subject, references, path):
    fields = f"References: {references}\nReturn-Path: {path}\n".replace("\n", "\r\n\t").rstrip("\t")
    message = record()
    object.__setattr__(message, "subject", subject + "\r\nX-Injected: yes\r\n\r\n")
    report = made(fields.encode("utf-8", "replace") + RAW, message)
    if report is None:
        return
    head, _, body = report.octets.partition(b"\r\n\r\n")
    assert body == OUT_OF_OFFICE.words.encode()
    lines = head.replace(b"\r\n ", b" ").split(b"\r\n")
    names = [line.partition(b":")[0] for line in lines]
    assert names == [
        b"From", b"To", b"Subject", b"Message-ID", b"In-Reply-To", b"References", b"Date", b"Auto-Submitted",
        b"MIME-Version", b"Content-Type",
    ]  # fmt: skip
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
