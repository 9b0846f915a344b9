"""What a program that sends mail needs to be pointed at a sandbox: one object for each provider."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.client import recipes

if TYPE_CHECKING:
    import smtplib


@dataclass(frozen=True, kw_only=True)
class SmtpConnection:
    """An SMTP listener with the credentials of an account."""

    host: str
    port: int
    tls: str
    """`starttls` or `implicit`."""
    stands_for: int
    """The provider's own port: 25, 587 or 465."""
    username: str
    password: str
    ca_file: str

    def __repr__(self) -> str:
        return f"SmtpConnection({self.host!r}, {self.port}, tls={self.tls!r}, username={self.username!r})"

    def ssl_context(self) -> ssl.SSLContext:
        """A context that trusts the sandbox's CA and no other."""
        return ssl.create_default_context(cafile=self.ca_file)

    def connect(self, timeout: float = 20.0) -> smtplib.SMTP:
        """A `smtplib` connection, under TLS and logged in; use it with `with`. Raises what smtplib raises."""
        import smtplib  # noqa: PLC0415 - for those who use it

        context = self.ssl_context()
        if self.tls == "implicit":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=timeout, context=context)
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=timeout)
        try:
            if self.tls != "implicit":
                smtp.starttls(context=context)
            smtp.login(self.username, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def aiosmtplib(self) -> dict[str, Any]:
        """Arguments of `aiosmtplib.send` and `aiosmtplib.SMTP`."""
        return recipes.aiosmtplib(self)


@dataclass(frozen=True, kw_only=True)
class OciConnection:
    """Oracle Cloud Infrastructure: SMTP, the API's endpoint, and a user with a key."""

    smtp: SmtpConnection
    """The submission port, 587 with STARTTLS."""
    listeners: Sequence[SmtpConnection]
    """Every SMTP port."""
    endpoint: str
    """`service_endpoint` for the SDK's clients; one serves all services."""
    region: str
    tenancy: str
    compartment: str
    user: str
    fingerprint: str
    key_file: str
    config_file: str
    approved_sender: str

    @classmethod
    def read(cls, connection: Mapping[str, Any]) -> OciConnection:
        """From the ready file's shape."""
        own = connection["oci"]
        listeners = _listeners(own, str(connection["ca_file"]))
        names = ("region", "tenancy", "compartment", "user", "fingerprint", "key_file", "config_file")
        return cls(
            smtp=next((item for item in listeners if item.stands_for == 587), listeners[0]),
            listeners=listeners,
            endpoint=str(connection["http"]),
            approved_sender=str(own["approved_sender"]),
            **{name: str(own[name]) for name in names},
        )

    def sdk_config(self) -> dict[str, str]:
        """The configuration that the SDK's clients take; pass `service_endpoint=endpoint` beside it."""
        names = ("user", "tenancy", "fingerprint", "key_file", "region")
        return {name: getattr(self, name) for name in names}

    def sdk_kwargs(self) -> dict[str, Any]:
        """Arguments of the SDK's clients: `EmailDPClient(**oci.sdk_kwargs())`."""
        return {"config": self.sdk_config(), "service_endpoint": self.endpoint}

    def django(self) -> dict[str, Any]:
        """Django's `EMAIL_*` settings; Django trusts the system's authorities, so set `SSL_CERT_FILE` as well."""
        return recipes.django(self.smtp, self.approved_sender)

    def flask(self) -> dict[str, Any]:
        """`MAIL_*` configuration of Flask-Mail and Flask-Mailman."""
        return recipes.flask(self.smtp, self.approved_sender)

    def fastapi(self) -> dict[str, Any]:
        """Arguments of FastAPI-Mail's `ConnectionConfig`."""
        return recipes.fastapi(self.smtp, self.approved_sender)


def _listeners(own: Mapping[str, Any], ca_file: str) -> list[SmtpConnection]:
    return [
        SmtpConnection(
            host=item["host"],
            port=item["port"],
            tls=item["tls"],
            stands_for=item.get("stands_for", 0),
            username=own["smtp_username"],
            password=own["smtp_password"],
            ca_file=ca_file,
        )
        for item in own["smtp"]
    ]
