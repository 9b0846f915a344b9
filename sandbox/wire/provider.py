"""What a provider's folder offers to the application: one frozen value made of data and plain functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from starlette.routing import BaseRoute

from sandbox.core.accounts import Account
from sandbox.core.attempts import Attempt, Decision
from sandbox.core.catalog import Catalog
from sandbox.core.delivered_copy import DeliveredCopy
from sandbox.core.model import MessageRecord, Principal, Receipt, Stage, Submission
from sandbox.core.policy import Rules
from sandbox.core.services import Services
from sandbox.wire.dialect import Dialect

Tls = Literal["starttls", "implicit"]


@dataclass(frozen=True, kw_only=True)
class SmtpListener:
    """A port of the provider's SMTP endpoint."""

    setting: str
    """Row of the settings section `port`: `oci_587`."""
    port: int
    """The sandbox's default."""
    stands_for: int
    """The provider's own port."""
    tls: Tls


@dataclass(frozen=True, kw_only=True)
class Receiving:
    """Mail that anybody may send to the provider's own customers, without a log-in."""

    ports: Sequence[int]
    """The listeners at which it arrives, by the provider's own ports."""
    open: Callable[[Services], Awaitable[bool]]
    """Whether any account takes mail at all; as long as none does, every client must log in."""
    takers: Callable[[Services, str, str, bool], Awaitable[Sequence[str]]]
    """(services, recipient, the client's IP address, whether under TLS) → the accounts that take mail for it.

    None when the recipient is nobody's; raises `Refusal` when it is somebody's who does not take this mail.
    """
    receive: Callable[[Services, Submission], Awaitable[Receipt]]
    """Take a message in for the principal's account; raises `Refusal`."""


@dataclass(frozen=True, kw_only=True)
class SmtpPersonality:
    """How the provider speaks SMTP."""

    dialect: Dialect
    listeners: Sequence[SmtpListener]
    authenticate: Callable[[Services, str, str, str], Awaitable[Principal]]
    """(services, username, password, the client's IP address) → who it is; raises `Refusal(AUTH_INVALID)`."""
    owner: Callable[[Services, str], Awaitable[str | None]]
    """(services, username) → the account that a username belongs to, for faults; None when unknown."""
    ciphers: Sequence[str] = ()
    """Suites of TLS 1.2 that the service agrees to, by their OpenSSL names, the preferred one first; empty: any."""
    sender_checked: Stage = Stage.MAIL
    """When the sender and the quota are judged: at MAIL, or only at the end of the data (BODY)."""
    tells_suppressed: bool = True
    """Whether RCPT tells that a recipient is on the suppression list; else it is accepted like any other."""
    receiving: Receiving | None = None
    """Mail from anybody for the provider's customers; None when it only takes submissions."""
    admit: Callable[[Services, str], Awaitable[None]] | None = None
    """(services, the client's IP address): raises `Refusal` for one that is turned away before any greeting."""
    mended: Callable[[bytes], bytes] = lambda octets: octets
    """What the service makes of a message's octets before it looks at them."""
    details: Callable[[Services, Account, str], Awaitable[Mapping[str, object]]] | None = None
    """(services, account, sender) → placeholders that only this provider's replies have, such as `sender_id`."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider. `PROVIDER` in `sandbox.providers.<name>`."""

    name: str
    title: str
    region: Callable[[Any], str]
    """The region in force, from the provider's settings section."""
    catalog: Callable[[], Catalog]
    rules: Callable[[Services, Any, bool], Rules]
    """(services, the provider's settings section, permissive) → its rules."""
    smtp: Callable[[Any, str], SmtpPersonality] | None
    """(the provider's settings section, region) → the personality; None when it has no SMTP."""
    routes: Callable[[Services, Any], Sequence[BaseRoute]]
    """The provider's HTTP API at its real paths."""
    provision: Callable[[Services, Any, Account], Awaitable[None]]
    """Make what a fresh account owns: credentials, identities, what the settings ask for."""
    connection: Callable[[Services, Any, Account], Awaitable[Mapping[str, Any]]]
    """What a client needs to know, in the ready file's shape, without the listeners."""
    delivered: Callable[[Services, Any, Account, MessageRecord, bytes, str], Awaitable[DeliveredCopy]] | None = None
    """(services, section, account, message, its octets, recipient) → the copy that the recipient gets."""
    outcome: Callable[[Attempt], Decision | None] | None = None
    """What becomes of a recipient that is a test address of the provider's own; None for any other."""
    background: Callable[[Services, Any], Awaitable[None]] | None = None
    """(services, section): what the provider does by itself while the sandbox runs, until it is cancelled."""
    names: Callable[[Services, Any, Account, str, str], Awaitable[list[str] | None]] | None = None
    """(services, section, account, name, record type) → what the provider publishes in DNS, in presentation form.

    None when the name is not the provider's; `NotFoundError` when it would be, but does not exist. Names are in lower
    case, without the final dot.
    """
