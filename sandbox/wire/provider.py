"""What a provider's folder offers to the application: one frozen value made of data and plain functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # every start looks at the providers, and few runs use all that they name
    from starlette.routing import BaseRoute

    from sandbox.core.accounts import Account
    from sandbox.core.attempts import Attempt, Decision
    from sandbox.core.catalog import Catalog
    from sandbox.core.delivered_copy import DeliveredCopy
    from sandbox.core.model import MessageRecord
    from sandbox.core.policy import Rules
    from sandbox.core.services import Services
    from sandbox.wire.personality import SmtpPersonality

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
class Provider:
    """One provider. `PROVIDER` in `sandbox.providers.<name>`.

    Its functions are `Late`: a start asks what there is, and each is loaded by who first calls it.
    """

    name: str
    title: str
    listeners: Sequence[SmtpListener]
    """The ports of its SMTP endpoint."""
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
