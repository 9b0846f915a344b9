"""`send`: a test message through a personality, as a real client would send it."""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.commands.connected import connected
from sandbox.commands.terminal import Failure, failures, inert_text

if TYPE_CHECKING:
    from sandbox.client import Client, Connection, SmtpConnection

PATIENCE = 30
"""Seconds that a server may take for an answer."""
HTTPS: Mapping[str, str] = {
    "oci": "sandbox.commands.oci_request",
    "ses": "sandbox.commands.ses_request",
}
"""Provider with an API that takes mail → the module whose `submit_raw` gives it a whole message."""


@click.command()
@click.option("--provider", help="The provider to send through; else the first that runs.")
@click.option("--via", type=click.Choice(["smtp", "https"]), default="smtp", show_default=True, help="The channel.")
@click.option("--port", type=click.IntRange(1, 65_535), help="SMTP port; else the submission port.")
@click.option("--from", "sender", help="Envelope and header sender; else the ready-made approved one.")
@click.option("--to", "recipients", multiple=True, help="A recipient; may be repeated.  [default: ann@example.net]")
@click.option("--subject", default="Test message", show_default=True, help="The subject.")
@click.option("--text", default="Hello from email-sandbox.\n", help="The plain text.")
@click.option("--html", help="An HTML alternative.")
@click.option("--attach", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True, help="A file.")
@click.option("--file", "eml", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A whole message.")
@connected
def send(
    client: Client,
    provider: str | None,
    via: str,
    port: int | None,
    sender: str | None,
    recipients: Sequence[str],
    subject: str,
    text: str,
    html: str | None,
    attach: Sequence[Path],
    eml: Path | None,
) -> None:
    """Send a message through a personality and print the service's answer; exit status 1 when it is refused."""
    name, connection = _connection(client, provider)
    envelope_from, to = sender or connection.sender, list(recipients) or ["ann@example.net"]
    with failures(1, ValueError, OSError):
        raw = eml.read_bytes() if eml else _compose(envelope_from, to, subject, text, html, attach)
    try:
        if via == "https":
            _by_https(name, connection, envelope_from, to, raw)
        else:
            _by_smtp(_listener(connection, port), envelope_from, to, raw)
    except Failure as failure:
        raise Failure(f"{failure.message}{_why(client, failure.message)}", failure.exit_code) from failure


def _connection(client: Client, provider: str | None) -> tuple[str, Connection]:
    """The provider asked for, or the first that runs, and how to reach it."""
    from sandbox.client.connections import CONNECTIONS  # noqa: PLC0415 - the client is loaded by now

    connection = client.connection()
    running = [name for name in connection if name in CONNECTIONS]
    name = provider or running[0]
    if name not in running:
        raise Failure(f"the sandbox does not run the provider {name!r}; it runs {', '.join(running)}", 2)
    return name, CONNECTIONS[name].read(connection)


def _why(client: Client, message: str) -> str:
    """The catalog's row behind a refusal, when the latest one is it."""
    for refusal in client.refused(limit=1):
        if refusal.text in message:
            return f"\n  {refusal.error}" + (f": {refusal.remedy}" if refusal.remedy else "")
    return ""


def _compose(
    sender: str, to: Sequence[str], subject: str, text: str, html: str | None, attach: Sequence[Path]
) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message["Date"] = formatdate(usegmt=True)
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for path in attach:
        message.add_attachment(path.read_bytes(), maintype="application", subtype="octet-stream", filename=path.name)
    return message.as_bytes(policy=SMTP)


def _listener(connection: Connection, port: int | None) -> SmtpConnection:
    if port is None:
        return connection.smtp
    found = next((item for item in connection.listeners if port in (item.port, item.stands_for)), None)
    if found is None:
        known = ", ".join(str(item.port) for item in connection.listeners)
        raise Failure(f"no SMTP listener has port {port}; there are {known}", 2)
    return found


def _by_smtp(listener: SmtpConnection, sender: str, to: Sequence[str], raw: bytes) -> None:
    with failures(1, OSError, ValueError, smtplib.SMTPException), _open(listener) as smtp:
        smtp.ehlo()
        if listener.tls == "starttls":
            smtp.starttls(context=listener.ssl_context())
            smtp.ehlo()
        _demand(smtp.docmd("AUTH", "PLAIN " + smtp_plain(listener)), 235)
        _demand(smtp.mail(sender), 250)
        replies = [smtp.rcpt(address) for address in to]
        for address, reply in zip(to, replies, strict=True):
            if reply[0] != 250:
                click.echo(f"{address}: {_words(reply)}", err=True)
        if not any(200 <= code < 300 for code, _ in replies):
            raise Failure("no recipient was accepted")
        reply = smtp.data(_lines(raw))
        _demand(reply, 250)
        click.echo(_words(reply))


def smtp_plain(listener: SmtpConnection) -> str:
    """The initial response of AUTH PLAIN (RFC 4616)."""
    return b64encode(f"\0{listener.username}\0{listener.password}".encode()).decode()


def _open(listener: SmtpConnection) -> smtplib.SMTP:
    if listener.tls == "implicit":
        context: ssl.SSLContext = listener.ssl_context()
        return smtplib.SMTP_SSL(listener.host, listener.port, timeout=PATIENCE, context=context)
    return smtplib.SMTP(listener.host, listener.port, timeout=PATIENCE)


def _lines(raw: bytes) -> bytes:
    """Line ends as SMTP wants them: only a bare LF is changed."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _demand(reply: tuple[int, bytes], wanted: int) -> None:
    if reply[0] != wanted:
        raise Failure(f"refused: {_words(reply)}")


def _words(reply: tuple[int, bytes]) -> str:
    return inert_text(f"{reply[0]} {reply[1].decode('utf-8', 'replace')}")


def _by_https(provider: str, connection: Connection, sender: str, to: Sequence[str], raw: bytes) -> None:
    if provider not in HTTPS:
        raise Failure(f"{provider} has no API that takes mail; leave --via https out", 2)
    submit_raw = import_module(HTTPS[provider]).submit_raw  # cryptography and httpx, for this way only
    with failures(1, OSError, ValueError):
        status, answer = submit_raw(connection, sender, to, raw)
    if status != 200:
        raise Failure(f"refused: {status} {answer}")
    click.echo(inert_text(f"{status} {answer}"))
