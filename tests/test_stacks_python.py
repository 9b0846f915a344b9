"""The client's settings for the usual mail libraries, each proved by the real library in an environment of its own."""

import os
import subprocess
from pathlib import Path

import pytest
from installed import python_packages

ROOT = Path(__file__).parents[1]
PACKAGES = ("aiosmtplib", "django", "flask", "flask-mail", "flask-mailman", "fastapi-mail", "oci")
BEGINNING = """
import os, sys
from sandbox.client import Client

box = Client(os.environ["EMAIL_SANDBOX_URL"], os.environ.get("EMAIL_SANDBOX_ACCOUNT"))
"""
STACKS = {
    "smtplib": """
from email.message import EmailMessage
message = EmailMessage()
message["From"], message["To"], message["Subject"] = box.oci.approved_sender, "ann@example.net", "smtplib"
message.set_content("Hello")
with box.oci.smtp.connect() as smtp:
    smtp.send_message(message)
for listener in box.oci.listeners:
    with listener.connect() as smtp:
        assert smtp.noop()[0] == 250
""",
    "aiosmtplib": """
import asyncio, aiosmtplib
from email.message import EmailMessage
message = EmailMessage()
message["From"], message["To"], message["Subject"] = box.oci.approved_sender, "ann@example.net", "aiosmtplib"
message.set_content("Hello")
asyncio.run(aiosmtplib.send(message, **box.oci.smtp.aiosmtplib()))
""",
    "django": """
from django.conf import settings
settings.configure(**box.oci.django())
from django.core.mail import send_mail
assert send_mail("django", "Hello", None, ["ann@example.net"]) == 1
""",
    "flask-mail": """
from flask import Flask
from flask_mail import Mail, Message
app = Flask("shop")
app.config.update(box.oci.flask())
mail = Mail(app)
with app.app_context():
    mail.send(Message("flask-mail", ["ann@example.net"], "Hello"))
""",
    "flask-mailman": """
from flask import Flask
from flask_mailman import EmailMessage, Mail
app = Flask("shop")
app.config.update(box.oci.flask())
Mail(app)
with app.app_context():
    assert EmailMessage("flask-mailman", "Hello", None, ["ann@example.net"]).send() == 1
""",
    "fastapi-mail": """
import asyncio
from fastapi_mail import ConnectionConfig, FastMail, MessageSchema, MessageType
message = MessageSchema(subject="fastapi-mail", recipients=["ann@example.net"], body="Hello", subtype=MessageType.plain)
asyncio.run(FastMail(ConnectionConfig(**box.oci.fastapi())).send_message(message))
""",
    "oci": """
from oci.email_data_plane import EmailDPClient
from oci.email_data_plane.models import EmailAddress, Recipients, Sender, SubmitEmailDetails
oci = box.oci
client = EmailDPClient(**oci.sdk_kwargs())
client.submit_email(SubmitEmailDetails(
    sender=Sender(compartment_id=oci.compartment, sender_address=EmailAddress(email=oci.approved_sender)),
    recipients=Recipients(to=[EmailAddress(email="ann@example.net")]),
    subject="oci", body_text="Hello",
))
""",
    "environment": """
import smtplib, ssl
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
    smtp.starttls(context=ssl.create_default_context())
    smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
    sender = os.environ["SMTP_SENDER"]
    smtp.sendmail(sender, ["ann@example.net"], f"From: {sender}\\nSubject: environment\\n\\nHello")
""",
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def stacks():
    """The Python of an environment that has the libraries; made once, kept beside the checkout."""
    return python_packages("stacks", *PACKAGES) / "python"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("stack", STACKS)
def test_a_library_sends_with_the_client_s_settings(email_sandbox, stacks, stack):
    environment = {**os.environ, **email_sandbox.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [stacks, "-c", BEGINNING + STACKS[stack]], env=environment, capture_output=True, text=True, check=False
    )

    assert found.returncode == 0, found.stderr
    message = email_sandbox.wait_for(subject=stack)
    assert (message.sender, message.recipients) == (email_sandbox.oci.approved_sender, ["ann@example.net"])
    assert message.text.strip() == "Hello"
    assert message.channel == ("https" if stack == "oci" else "smtp")


def test_certificates_are_checked_where_the_settings_say_so(email_sandbox, stacks):
    """Without the CA, the same settings fail: nothing here passes because checking is off."""
    environment = {**os.environ, **email_sandbox.environ, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": os.devnull}
    found = subprocess.run(
        [stacks, "-c", BEGINNING + STACKS["django"]], env=environment, capture_output=True, text=True, check=False
    )

    assert "CERTIFICATE_VERIFY_FAILED" in found.stderr
    email_sandbox.assert_no_message()
