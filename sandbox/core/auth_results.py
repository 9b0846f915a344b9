"""The values that carry what an authentication check came to."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.core.auth_words import Result


@dataclass(frozen=True, kw_only=True)
class Publish:
    """A DNS record that would mend a result."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, kw_only=True)
class SignatureVerdict:
    """One DKIM signature."""

    domain: str
    selector: str
    result: Result
    reason: str
    aligned: bool
    """Whether its domain is that of the header From, as the DMARC policy counts it."""
    publish: tuple[Publish, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DkimVerdict:
    """All DKIM signatures of a message."""

    result: Result
    reason: str
    signatures: tuple[SignatureVerdict, ...] = ()
    publish: tuple[Publish, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SpfVerdict:
    """Whether the return path's domain lets the provider's address send."""

    result: Result
    reason: str
    domain: str
    address: str
    aligned: bool
    publish: tuple[Publish, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DmarcVerdict:
    """What the domain of the header From asks of receivers, and whether the message meets it."""

    result: Result
    reason: str
    domain: str
    """Domain of the header From."""
    record: str
    """Name at which the policy was found; empty when there is none."""
    policy: str
    """`none`, `quarantine` or `reject`; empty without a record."""
    disposition: str
    """What a receiver that follows the policy does with this message."""
    aligned_by: tuple[str, ...] = ()
    """`dkim`, `spf`, or both."""
    publish: tuple[Publish, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """What a receiver finds out about one delivered copy."""

    dkim: DkimVerdict
    spf: SpfVerdict
    dmarc: DmarcVerdict
