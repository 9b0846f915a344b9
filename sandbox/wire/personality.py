"""How a provider speaks SMTP: what its folder offers to the sessions, as one frozen value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.core.accounts import Account
from sandbox.core.model import Principal, Receipt, Stage, Submission
from sandbox.core.services import Services
from sandbox.wire.dialect import Dialect


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
