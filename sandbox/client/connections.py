"""What a program that sends mail needs to be pointed at a sandbox: one object for each provider."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from sandbox.client import recipes
from sandbox.client.errors import ClientError

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
class Connection:
    """What a program needs of any provider."""

    smtp: SmtpConnection
    """The submission port, 587 with STARTTLS."""
    listeners: Sequence[SmtpConnection]
    """Every SMTP port."""
    endpoint: str
    """The URL to point the provider's clients at; one serves all services."""
    region: str

    @classmethod
    def read(cls, connection: Mapping[str, Any]) -> Self:
        """From the ready file's shape; `ClientError` when the sandbox does not run the provider."""
        raise NotImplementedError

    @property
    def sender(self) -> str:
        """An address that may send."""
        raise NotImplementedError

    def environ(self) -> dict[str, str]:
        """Environment variables that the provider's own clients read."""
        raise NotImplementedError

    def django(self) -> dict[str, Any]:
        """Django's `EMAIL_*` settings; Django trusts the system's authorities, so set `SSL_CERT_FILE` as well."""
        return recipes.django(self.smtp, self.sender)

    def flask(self) -> dict[str, Any]:
        """`MAIL_*` configuration of Flask-Mail and Flask-Mailman."""
        return recipes.flask(self.smtp, self.sender)

    def fastapi(self) -> dict[str, Any]:
        """Arguments of FastAPI-Mail's `ConnectionConfig`."""
        return recipes.fastapi(self.smtp, self.sender)


@dataclass(frozen=True, kw_only=True)
class OciConnection(Connection):
    """Oracle Cloud Infrastructure: SMTP, the API's endpoint, and a user with a key."""

    tenancy: str
    compartment: str
    user: str
    fingerprint: str
    key_file: str
    config_file: str
    approved_sender: str

    @classmethod
    def read(cls, connection: Mapping[str, Any]) -> Self:
        """From the ready file's shape; `ClientError` when the sandbox does not run the provider."""
        own = _own(connection, "oci")
        names = ("tenancy", "compartment", "user", "fingerprint", "key_file", "config_file", "approved_sender")
        return cls(**_shared(connection, own), **_texts(own, names))

    @property
    def sender(self) -> str:
        """The ready-made approved sender."""
        return self.approved_sender

    def environ(self) -> dict[str, str]:
        """Variables of the `oci` command line and the SDKs."""
        return {
            "OCI_CLI_CONFIG_FILE": self.config_file,
            "OCI_CONFIG_FILE": self.config_file,
            "OCI_CLI_ENDPOINT": self.endpoint,
            "OCI_COMPARTMENT": self.compartment,
        }

    def sdk_config(self) -> dict[str, str]:
        """The configuration that the SDK's clients take; pass `service_endpoint=endpoint` beside it."""
        names = ("user", "tenancy", "fingerprint", "key_file", "region")
        return {name: getattr(self, name) for name in names}

    def sdk_kwargs(self) -> dict[str, Any]:
        """Arguments of the SDK's clients: `EmailDPClient(**oci.sdk_kwargs())`."""
        return {"config": self.sdk_config(), "service_endpoint": self.endpoint}


@dataclass(frozen=True, kw_only=True)
class IbmConnection(Connection):
    """IBM Cloud Event Notifications: SMTP, and an instance with the API key of a service id."""

    instance_id: str
    apikey: str
    """For the API; as an SMTP password it is as good as the user's own."""
    smtp_config_id: str
    domain: str
    """The domain of the verified configuration, to send from."""

    @classmethod
    def read(cls, connection: Mapping[str, Any]) -> Self:
        """From the ready file's shape; `ClientError` when the sandbox does not run the provider."""
        own = _own(connection, "ibm")
        names = ("instance_id", "apikey", "smtp_config_id", "domain")
        return cls(**_shared(connection, own), **_texts(own, names))

    @property
    def sender(self) -> str:
        """An address in the configured domain."""
        return f"noreply@{self.domain}"

    @property
    def service_url(self) -> str:
        """What the SDK's `set_service_url` takes."""
        return f"{self.endpoint}/event-notifications"

    def environ(self) -> dict[str, str]:
        """Variables from which the SDK's `new_instance()` configures itself, and the instance's id."""
        return {
            "EVENT_NOTIFICATIONS_URL": self.service_url,
            "EVENT_NOTIFICATIONS_AUTH_TYPE": "iam",
            "EVENT_NOTIFICATIONS_AUTH_URL": self.endpoint,
            "EVENT_NOTIFICATIONS_APIKEY": self.apikey,
            "EVENT_NOTIFICATIONS_INSTANCE_ID": self.instance_id,
        }


@dataclass(frozen=True, kw_only=True)
class SesConnection(Connection):
    """Amazon SES: SMTP, and an access key for both APIs."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    verified_identity: str
    """A verified address, to send from."""

    @classmethod
    def read(cls, connection: Mapping[str, Any]) -> Self:
        """From the ready file's shape; `ClientError` when the sandbox does not run the provider."""
        own = _own(connection, "ses")
        names = ("access_key_id", "secret_access_key", "verified_identity")
        return cls(**_shared(connection, own), **_texts(own, names))

    @property
    def sender(self) -> str:
        """The ready-made verified address."""
        return self.verified_identity

    def boto3_kwargs(self) -> dict[str, str]:
        """Arguments of boto3's clients: `boto3.client("sesv2", **ses.boto3_kwargs())`."""
        return {
            "endpoint_url": self.endpoint,
            "region_name": self.region,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
        }

    def environ(self) -> dict[str, str]:
        """Variables of the AWS command line and the SDKs; the endpoint is for the services that the sandbox has."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL_SES": self.endpoint,
            "AWS_ENDPOINT_URL_SESV2": self.endpoint,
            "AWS_ENDPOINT_URL_SNS": self.endpoint,
            "AWS_ENDPOINT_URL_ROUTE_53": self.endpoint,
        }


CONNECTIONS: Mapping[str, type[Connection]] = {"oci": OciConnection, "ibm": IbmConnection, "ses": SesConnection}
"""Provider → its connection."""


def environ(connection: Mapping[str, Any], account: str | None) -> dict[str, str]:
    """Environment variables, named as `email-sandbox env` names them, from the ready file's shape.

    `SSL_CERT_FILE` makes programs that use OpenSSL's defaults trust the sandbox; `SMTP_…` are of the first provider
    that runs.
    """
    found = {"EMAIL_SANDBOX_URL": str(connection["http"]), "SSL_CERT_FILE": str(connection["ca_file"])}
    if account is not None:
        found["EMAIL_SANDBOX_ACCOUNT"] = account
    known = [CONNECTIONS[name].read(connection) for name in connection if name in CONNECTIONS]
    for one in known[:1]:
        found |= recipes.environ(one.smtp, one.sender)
    for one in known:
        found |= one.environ()
    return found


def _own(connection: Mapping[str, Any], provider: str) -> Mapping[str, Any]:
    own = connection.get(provider)
    if own is None:
        raise ClientError(f"the sandbox does not run the provider {provider!r}")
    found: Mapping[str, Any] = own
    return found


def _shared(connection: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What `Connection` itself has."""
    listeners = _listeners(own, str(connection["ca_file"]))
    return {
        "smtp": next((item for item in listeners if item.stands_for == recipes.SUBMISSION), listeners[0]),
        "listeners": listeners,
        "endpoint": str(connection["http"]),
        "region": str(own["region"]),
    }


def _texts(own: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: str(own[name]) for name in names}


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
