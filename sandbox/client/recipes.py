"""Settings of the usual mail libraries, filled with a listener and the credentials of an account."""

from __future__ import annotations

from collections.abc import Mapping
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


def environ(connection: Mapping[str, Any], account: str | None) -> dict[str, str]:
    """Environment variables, named as `email-sandbox env` names them, from the ready file's shape.

    `SSL_CERT_FILE` makes programs that use OpenSSL's defaults trust the sandbox.
    """
    found = {"EMAIL_SANDBOX_URL": str(connection["http"]), "SSL_CERT_FILE": str(connection["ca_file"])}
    if account is not None:
        found["EMAIL_SANDBOX_ACCOUNT"] = account
    own = connection.get("oci")
    if own:
        listener = next((item for item in own["smtp"] if item.get("stands_for") == SUBMISSION), own["smtp"][0])
        found |= {
            "SMTP_HOST": str(listener["host"]),
            "SMTP_PORT": str(listener["port"]),
            "SMTP_USERNAME": str(own["smtp_username"]),
            "SMTP_PASSWORD": str(own["smtp_password"]),
            "SMTP_SENDER": str(own["approved_sender"]),
            "SMTP_CA_FILE": str(connection["ca_file"]),
            "OCI_CLI_CONFIG_FILE": str(own["config_file"]),
            "OCI_CONFIG_FILE": str(own["config_file"]),
            "OCI_CLI_ENDPOINT": str(connection["http"]),
            "OCI_COMPARTMENT": str(own["compartment"]),
        }
    return found
