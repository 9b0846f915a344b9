"""The one table of settings: each field is a key of the file, a flag, an environment variable and a line of docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Literal

Limit = Literal["trial", "paid", "unlimited"]


def setting(
    default: Any,
    about: str,
    *,
    choices: Sequence[str] = (),
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    keys: Sequence[str] = (),
    pattern: str = "",
    example: str = "",
    secret: bool = False,
) -> Any:
    """A row of the table: default, one sentence for `--help` and the docs, and what a value may be.

    `choices` are the words allowed, `least` and `most` bound a number, `keys` are those that a table may have (each
    table of a list needs all of them), `pattern` is what a text, or each of a list, is to look like, as `example` does.
    No message repeats a `secret`.
    """
    return field(
        default=default if not isinstance(default, list | dict) else None,
        metadata={
            "about": about,
            "choices": tuple(choices),
            "unit": unit,
            "default": default,
            "least": least,
            "most": most,
            "keys": tuple(keys),
            "pattern": pattern,
            "example": example,
            "secret": secret,
        },
        repr=not secret,
    )


def port(default: int, about: str) -> Any:
    """A row for the port of a listener."""
    return setting(default, about, least=0, most=65_535)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A group of settings; mutable defaults are filled in here, so that each value has its own copy."""

    def __post_init__(self) -> None:
        """Replace absent lists and tables by fresh copies of their defaults."""
        for row in fields(self):
            if getattr(self, row.name) is None and isinstance(row.metadata.get("default"), list | dict):
                object.__setattr__(self, row.name, type(row.metadata["default"])(row.metadata["default"]))


@dataclass(frozen=True, kw_only=True)
class Ports(Section):
    """Ports of the listeners; 0 takes a free one."""

    http: int = port(8025, "web viewer, inspection API and the providers' APIs")
    https: int = port(8443, "the same with TLS")
    oci_25: int = port(1025, "OCI SMTP with STARTTLS, in place of port 25")
    oci_587: int = port(1587, "OCI SMTP with STARTTLS, in place of port 587")
    oci_465: int = port(1465, "OCI SMTP with implicit TLS, in place of port 465")
    ses_25: int = port(2025, "SES SMTP with STARTTLS, in place of port 25")
    ses_587: int = port(2587, "SES SMTP with STARTTLS, in place of port 587")
    ses_465: int = port(2465, "SES SMTP with implicit TLS, in place of port 465")
    ibm_587: int = port(3587, "IBM SMTP with STARTTLS, in place of port 587")
    ibm_465: int = port(3465, "IBM SMTP with implicit TLS, in place of port 465")
    dns: int = port(1053, "name server of the zones, UDP and TCP")


@dataclass(frozen=True, kw_only=True)
class Oci(Section):
    """OCI Email Delivery."""

    region: str = setting(
        "us-ashburn-1",
        "region of every OCID, host name and endpoint",
        pattern=r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
        example="us-ashburn-1",
    )
    approved_senders: list[str] = setting(
        ["noreply@example.com"],
        "senders that exist from the start: an address, or @domain",
        pattern=r"[^@\s]*@[^@\s]+",
        example="noreply@example.com or @example.com",
    )
    suppressed: list[str] = setting(
        [],
        "addresses on the suppression list from the start",
        pattern=r"[^@\s]+@[^@\s]+",
        example="ann@example.net",
    )
    smtp_users: list[dict[str, str]] = setting(
        [], "SMTP credentials besides the ready-made one: {username, password}", keys=("username", "password")
    )
    limits: str | dict[str, int | None] = setting(
        "paid",
        "trial, paid, unlimited, or a table of per_minute, per_day and approved_senders",
        choices=("trial", "paid", "unlimited"),
        least=0,
        keys=("per_minute", "per_day", "approved_senders"),
    )
    max_message_bytes: int = setting(2_097_152, "size of a message with its headers", unit="bytes", least=1)
    advertise_size: bool = setting(True, "name the size limit in the reply to EHLO")  # noqa: FBT003
    idle_timeout: float = setting(60.0, "how long an SMTP client may be silent", unit="seconds", least=0.01)
    max_connections: int = setting(1000, "SMTP connections at the same time", least=1)
    max_recipients: int = setting(1000, "recipients of one SMTP message", least=1)
    auth_failures: int = setting(5, "failures per client address before it is turned away", least=1)
    auth_failure_window: float = setting(300.0, "how long a failure counts", unit="seconds", least=0)
    wording: str = setting("documented", "the texts of errors", choices=("documented", "observed"))
    all_suppressed: str = setting(
        "accept",
        "DATA when every recipient is suppressed: accept answers 250, refuse answers 503",
        choices=("accept", "refuse"),
    )
    tls13: bool = setting(False, "allow TLS 1.3 besides 1.2 on the SMTP listeners")  # noqa: FBT003
    verify_signatures: bool = setting(True, "check the signature of API requests")  # noqa: FBT003
    operation_seconds: float = setting(
        0.0, "how long an operation with a work request takes on the account's clock", unit="seconds", least=0
    )
    outbound_ips: list[str] = setting(
        ["198.51.100.10", "198.51.100.11", "198.51.100.12", "198.51.100.13"],
        "dedicated addresses that IP pools can be made of",
        pattern=r"[0-9a-fA-F.:]+",
        example="198.51.100.10",
    )
    api_requests_per_second: int = setting(
        1000, "API requests of one user within a second before they are turned away", least=1
    )


@dataclass(frozen=True, kw_only=True)
class Ses(Section):
    """Amazon SES."""

    region: str = setting(
        "us-east-1",
        "region of every ARN, signature and SMTP password",
        pattern=r"[a-z]{2,}(-[a-z0-9]+)+",
        example="us-east-1",
    )
    verified_identities: list[str] = setting(
        ["noreply@example.com"],
        "identities that are verified from the start: an address, or a domain",
        pattern=r"([^@\s]+@)?[^@\s]+",
        example="noreply@example.com or example.com",
    )
    suppressed: list[str] = setting(
        [],
        "addresses on the account's suppression list from the start",
        pattern=r"[^@\s]+@[^@\s]+",
        example="ann@example.net",
    )
    access_keys: list[dict[str, str]] = setting(
        [],
        "access keys besides the ready-made one: {access_key_id, secret_access_key}",
        keys=("access_key_id", "secret_access_key"),
    )
    smtp_users: list[dict[str, str]] = setting(
        [], "SMTP credentials besides those of the access keys: {username, password}", keys=("username", "password")
    )
    limits: str | dict[str, float | None] = setting(
        "production",
        "sandbox (or trial), production (or paid), unlimited, or a table of per_second and per_day",
        choices=("sandbox", "production", "unlimited", "trial", "paid"),
        least=0,
        keys=("per_second", "per_day"),
    )
    max_message_bytes: int = setting(41_943_040, "size of a message with its headers", unit="bytes", least=1)
    max_recipients: int = setting(50, "recipients of one message", least=1)
    idle_timeout: float = setting(10.0, "how long an SMTP client may be silent", unit="seconds", least=0.01)
    max_connections: int = setting(1000, "SMTP connections at the same time", least=1)
    auth_failures: int = setting(1000, "failures per client address before it is turned away", least=1)
    auth_failure_window: float = setting(300.0, "how long a failure counts", unit="seconds", least=0)
    wording: str = setting("documented", "the texts of errors", choices=("documented", "observed"))
    all_suppressed: str = setting(
        "accept",
        "DATA when every recipient is suppressed: accept answers 250, refuse answers an error",
        choices=("accept", "refuse"),
    )
    tls13: bool = setting(True, "allow TLS 1.3 besides 1.2 on the SMTP listeners")  # noqa: FBT003
    verify_signatures: bool = setting(True, "check the signature of API requests")  # noqa: FBT003
    buckets: list[dict[str, str]] = setting(
        [],
        "folders that stand for buckets of S3, for import and export jobs and receipt rules: {name, folder}",
        keys=("name", "folder"),
    )
    dedicated_ips: list[str] = setting(
        [],
        "dedicated IP addresses that every account has leased",
        pattern=r"[0-9a-fA-F.:]+",
        example="192.0.2.1",
    )
    functions: list[dict[str, str]] = setting(
        [],
        "who is called for a Lambda action of a receipt rule: {arn, endpoint}; arn may be a function's name",
        keys=("arn", "endpoint"),
    )
    topics: list[dict[str, str]] = setting(
        [],
        "who is told of events without having to subscribe: {arn, endpoint}; arn may be a topic's name",
        keys=("arn", "endpoint"),
    )
    event_targets: list[dict[str, str]] = setting(
        [],
        "who gets events for EventBridge buses and Firehose streams: {arn, endpoint}; arn may be the last part of it",
        keys=("arn", "endpoint"),
    )
    api_requests_per_second: int = setting(
        1000, "API requests of an account within a second before they are turned away", least=1
    )


@dataclass(frozen=True, kw_only=True)
class Ibm(Section):
    """The SMTP interface of IBM Cloud Event Notifications."""

    wording: ClassVar[str] = "documented"
    all_suppressed: ClassVar[str] = "accept"

    region: str = setting(
        "us-south",
        "region of the instance; eu-de and eu-es connect to Frankfurt, all others to Dallas",
        pattern=r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*",
        example="us-south",
    )
    domain: str = setting(
        "example.com",
        "domain of the SMTP configuration that exists, verified, from the start",
        pattern=r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+",
        example="example.com",
    )
    dialect: str = setting(
        "postfix",
        "how the SMTP server speaks: as documented since the beginning, or as since April 2026",
        choices=("postfix", "go-smtp"),
    )
    attachments: str = setting(
        "refuse",
        "messages with attachments: refuse them, drop the attachments from what is delivered, or accept them",
        choices=("refuse", "drop", "accept"),
    )
    allowed_ips: list[str] = setting(
        ["127.0.0.0/8", "::1/128"],
        "addresses and subnets that may connect by SMTP, as a context-based restriction names them",
        pattern=r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?",
        example="10.0.0.0/8",
    )
    smtp_users: list[dict[str, str]] = setting(
        [], "SMTP users besides the ready-made one: {username, password}", keys=("username", "password")
    )
    api_keys: list[str] = setting(
        [],
        "API keys of the service id with the role SMTP, besides the ready-made one",
        pattern=r"\S+",
        example="an-api-key",
    )
    authorization: str = setting(
        "granted",
        "what IBM's support has answered when the authorization of a configuration is verified",
        choices=("granted", "pending"),
    )
    check_interval: str = setting("24h", "how often SPF and DKIM records are looked up again", unit="duration")
    max_message_bytes: int = setting(31_457_280, "size of a message with its headers", unit="bytes", least=1)
    max_recipients: int = setting(50, "recipients of one message", least=1)
    idle_timeout: float = setting(300.0, "how long an SMTP client may be silent", unit="seconds", least=0.01)
    max_connections: int = setting(1000, "SMTP connections at the same time", least=1)
    auth_failures: int = setting(20, "failures per client address before it is turned away", least=1)
    auth_failure_window: float = setting(60.0, "how long a failure counts", unit="seconds", least=0)
    tls13: bool = setting(True, "allow TLS 1.3 besides 1.2 on the SMTP listeners")  # noqa: FBT003
    verify_tokens: bool = setting(True, "check the IAM token of API requests")  # noqa: FBT003


@dataclass(frozen=True, kw_only=True)
class Delivery(Section):
    """What happens after acceptance."""

    dns: str = setting(
        "any",
        "which domains exist: any but .invalid, those of the sandbox's zones, or what the system's resolver knows",
        choices=("any", "zones", "system"),
    )
    implicit_mx: bool = setting(False, "deliver to the address of a domain that has no MX record")  # noqa: FBT003
    blackhole_domains: list[str] = setting(
        ["email-blackhole.com"],
        "domains whose mail is accepted, counted and dropped",
        pattern=r"[^@\s]+",
        example="example.com",
    )
    rules: list[dict[str, Any]] = setting(
        [], "outcomes by recipient, sender, subject or headers, the first that matches: see docs/delivery.md"
    )
    soft_bounces: int = setting(3, "messages given up in a row before an address is suppressed")
    retry_lifetime: str = setting("3d", "how long delivery keeps trying", unit="duration")
    callbacks: list[dict[str, Any]] = setting([], "where events are posted: {url, types, secret}; see docs/delivery.md")
    bounce_smtp: str = setting("", "host:port of a mail server on this machine that gets bounces and complaints")
    callback_hosts: list[str] = setting([], "hosts besides this machine that callbacks and bounces may go to")


@dataclass(frozen=True, kw_only=True)
class StoreSettings(Section):
    """How long things are kept."""

    retention: dict[str, Any] = setting(
        {},
        "what is kept at most: max_messages, max_age such as 7d, max_bytes such as 2gb; empty keeps everything",
        keys=("max_messages", "max_age", "max_bytes"),
    )


@dataclass(frozen=True, kw_only=True)
class Settings(Section):
    """Everything that can be set."""

    host: str = setting("127.0.0.1", "address that every listener binds", pattern=r"\S+", example="127.0.0.1")
    permissive: bool = setting(False, "accept any sender and any credential")  # noqa: FBT003
    data: str = setting(
        ".email-sandbox",
        "folder of the store, keys and certificates; :memory: keeps nothing",
        pattern=r"(?s).+",
        example=".email-sandbox",
    )
    reuse_keys: bool = setting(
        True,  # noqa: FBT003 - a default
        "with --data :memory:, take keys and certificates of earlier runs from the user's cache folder",
    )
    providers: list[str] = setting(["oci", "ibm", "ses"], "providers to start")
    ports: str = setting("default", "default, or auto: every listener takes a free port", choices=("default", "auto"))
    ready_file: str = setting("", "file written once every listener accepts connections, removed at exit")
    seed: str = setting("", "makes ids and jitter repeatable, for tests; empty is random")
    allowed_hosts: list[str] = setting([], "names besides localhost under which the HTTP side may be reached")
    http_timeout: float = setting(
        60.0,
        "how long an HTTP client may take to send a request or to take an answer, besides what `least_rate` gives it",
        unit="seconds",
        least=0.01,
    )
    least_rate: int = setting(
        500,
        "octets a second with which message data and requests have to come, and answers to be taken; slower is cut off",
        least=1,
    )
    login: str = setting(
        "",
        "user:password that the viewers and the inspection API ask for; empty asks for nothing",
        pattern=r"([^:\s]+:\S.*)?",
        example="team:a-long-password",
        secret=True,
    )
    port: Ports = field(default_factory=Ports)
    oci: Oci = field(default_factory=Oci)
    ses: Ses = field(default_factory=Ses)
    ibm: Ibm = field(default_factory=Ibm)
    delivery: Delivery = field(default_factory=Delivery)
    store: StoreSettings = field(default_factory=StoreSettings)


def section_of(row: Field[Any]) -> type[Section] | None:
    """The section that a field of `Settings` opens, or None for a plain setting."""
    factory = row.default_factory
    return factory if isinstance(factory, type) and issubclass(factory, Section) else None
