"""The one table of settings: each field is a key of the file, a flag, an environment variable and a line of docs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal

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
) -> Any:
    """A row of the table: default, one sentence for `--help` and the docs, and what a value may be.

    `choices` are the words allowed, `least` and `most` bound a number, `keys` are those that a table may have (each
    table of a list needs all of them), `pattern` is what a text, or each of a list, is to look like, as `example` does.
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
        },
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
        "trial, paid, unlimited, or a table of per_minute and per_day",
        choices=("trial", "paid", "unlimited"),
        least=0,
        keys=("per_minute", "per_day"),
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
    providers: list[str] = setting(["oci"], "providers to start")
    ports: str = setting("default", "default, or auto: every listener takes a free port", choices=("default", "auto"))
    ready_file: str = setting("", "file written once every listener accepts connections, removed at exit")
    seed: str = setting("", "makes ids and jitter repeatable, for tests; empty is random")
    allowed_hosts: list[str] = setting([], "names besides localhost under which the HTTP side may be reached")
    port: Ports = field(default_factory=Ports)
    oci: Oci = field(default_factory=Oci)
    delivery: Delivery = field(default_factory=Delivery)
    store: StoreSettings = field(default_factory=StoreSettings)


def section_of(row: Field[Any]) -> type[Section] | None:
    """The section that a field of `Settings` opens, or None for a plain setting."""
    factory = row.default_factory
    return factory if isinstance(factory, type) and issubclass(factory, Section) else None
