"""Settings of the usual mail libraries, filled with a listener and the credentials of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.client.connections import SmtpConnection

SUBMISSION = 587


def django(smtp: SmtpConnection, sender: str) -> dict[str, Any]:
    """Django's `EMAIL_*` settings; Django trusts the system's authorities, so set `SSL_CERT_FILE` as well."""
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": smtp.host,
        "EMAIL_PORT": smtp.port,
        "EMAIL_HOST_USER": smtp.username,
        "EMAIL_HOST_PASSWORD": smtp.password,
        "EMAIL_USE_TLS": smtp.tls == "starttls",
        "EMAIL_USE_SSL": smtp.tls == "implicit",
        "DEFAULT_FROM_EMAIL": sender,
    }


def flask(smtp: SmtpConnection, sender: str) -> dict[str, Any]:
    """`MAIL_*` configuration of Flask-Mail and Flask-Mailman."""
    return {
        "MAIL_SERVER": smtp.host,
        "MAIL_PORT": smtp.port,
        "MAIL_USERNAME": smtp.username,
        "MAIL_PASSWORD": smtp.password,
        "MAIL_USE_TLS": smtp.tls == "starttls",
        "MAIL_USE_SSL": smtp.tls == "implicit",
        "MAIL_DEFAULT_SENDER": sender,
    }


def fastapi(smtp: SmtpConnection, sender: str) -> dict[str, Any]:
    """Arguments of FastAPI-Mail's `ConnectionConfig`; the certificate is checked against the sandbox's CA."""
    return {
        "MAIL_SERVER": smtp.host,
        "MAIL_PORT": smtp.port,
        "MAIL_USERNAME": smtp.username,
        "MAIL_PASSWORD": smtp.password,
        "MAIL_FROM": sender,
        "MAIL_STARTTLS": smtp.tls == "starttls",
        "MAIL_SSL_TLS": smtp.tls == "implicit",
        "VALIDATE_CERTS": True,
        "CERT_BUNDLE": smtp.ca_file,
    }


def aiosmtplib(smtp: SmtpConnection) -> dict[str, Any]:
    """Arguments of `aiosmtplib.send` and `aiosmtplib.SMTP`."""
    return {
        "hostname": smtp.host,
        "port": smtp.port,
        "username": smtp.username,
        "password": smtp.password,
        "start_tls": smtp.tls == "starttls",
        "use_tls": smtp.tls == "implicit",
        "tls_context": smtp.ssl_context(),
    }


def environ(smtp: SmtpConnection, sender: str) -> dict[str, str]:
    """Environment variables for programs that read their mail server from there."""
    return {
        "SMTP_HOST": smtp.host,
        "SMTP_PORT": str(smtp.port),
        "SMTP_USERNAME": smtp.username,
        "SMTP_PASSWORD": smtp.password,
        "SMTP_SENDER": sender,
        "SMTP_CA_FILE": smtp.ca_file,
    }
