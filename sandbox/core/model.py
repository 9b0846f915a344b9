"""The values that pass between the layers: envelope, submission, message, recipient, event, resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from sandbox.core.values import frozen


class Channel(StrEnum):
    """How a client speaks to a provider."""

    SMTP = "smtp"
    HTTPS = "https"


class Stage(StrEnum):
    """Where in a conversation a reply is given; the moments at which an error can be forced."""

    CONNECT = "CONNECT"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    """The reply to the DATA command."""
    BODY = "BODY"
    """The reply to the end of the message data."""
    OTHER = "OTHER"
    """Any other SMTP command: NOOP, VRFY, RSET, an unknown verb."""
    REQUEST = "REQUEST"
    """An API call that submits mail."""
    CONTROL = "CONTROL"
    """An API call that manages resources."""
    HANDSHAKE = "HANDSHAKE"
    """The TLS handshake of a connection to the HTTPS port; no error has words there."""


class Outcome(StrEnum):
    """What became of one recipient (or of a message, the least fortunate of its recipients)."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    BLACKHOLED = "blackholed"
    SUPPRESSED = "suppressed"
    HARD_BOUNCED = "hard_bounced"
    SOFT_BOUNCED = "soft_bounced"
    DEFERRED = "deferred"
    REJECTED = "rejected"


@frozen
class Principal:
    """Who submits: the owner of a credential."""

    account: str
    provider: str
    user: str
    """The provider's name of the user: an OCID, an access key id, a service id."""
    credential: str
    """What the client presented: the SMTP username or the API key id."""


@frozen
class Envelope:
    """The envelope of RFC 5321, apart from the headers."""

    mail_from: str
    """The reverse-path; empty for the null sender."""
    rcpt_to: tuple[str, ...]
    helo: str = ""
    client: str = ""
    """`address:port` of the client."""
    user: str = ""
    mail_params: Mapping[str, str] = field(default_factory=dict)
    """Parameters of MAIL by upper-case name: SIZE, BODY, RET, ENVID, …"""
    rcpt_params: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Parameters of RCPT by recipient as written: NOTIFY, ORCPT (RFC 3461)."""


@frozen
class Submission:
    """A message that a client hands over, before anything was decided about it."""

    principal: Principal
    channel: Channel
    envelope: Envelope
    raw: bytes
    """The octets after dot-unstuffing, or as composed from the API's fields; never changed afterwards."""
    session: str
    """Id of the session whose transcript shows how it came in."""
    silent: frozenset[str] = frozenset()
    """Recipients (as written in the envelope) already known to be suppressed."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What only the provider understands: compartment, configuration set, tags."""


@frozen
class Receipt:
    """What the client may be told after the commit."""

    message: str
    """The sandbox's id."""
    message_id: str
    """The Message-ID header without angle brackets, generated when the client gave none."""
    envelope_id: str
    accepted: tuple[str, ...]
    suppressed: tuple[str, ...]


@frozen
class RecipientRecord:
    """One recipient of a stored message."""

    address: str
    outcome: Outcome
    detail: str = ""
    due: float | None = None
    """When delivery has something to do, Unix seconds; None when nothing is left."""
    attempts: int = 0
    position: int = 0


@frozen
class MessageRecord:
    """A stored message as the list shows it, without its octets."""

    id: str
    account: str
    provider: str
    channel: Channel
    session: str
    envelope: Envelope
    sender: str
    """The header From as written, decoded."""
    to: str
    subject: str
    message_id: str
    envelope_id: str
    accepted: float
    size: int
    """Octets as accepted."""
    sha256: str
    units: int
    """What the message counts for in the provider's quota."""
    recipients: tuple[RecipientRecord, ...]
    read: bool = False
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    snippet: str = ""
    attachments: int = 0


@frozen
class Event:
    """Something that happened, in the order in which it was committed."""

    id: int
    account: str
    at: float
    type: str
    """`message.accepted`, `message.delivered`, `attempt.refused`, …"""
    message: str | None = None
    recipient: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@frozen
class Resource:
    """A thing that a provider's control plane manages, in the one table that all of them share."""

    account: str
    provider: str
    kind: str
    """`sender`, `suppression`, `smtp-credential`, …"""
    id: str
    key: str
    """What makes it unique within account and kind: an address, a username. Compared as given."""
    data: Mapping[str, Any]
    created: float
    updated: float
