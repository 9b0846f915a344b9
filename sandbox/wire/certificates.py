"""Certificates: an authority of the sandbox's own, made once, and what it signs for the listeners."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from sandbox.core.late import Late

RENEW = timedelta(days=30)
_make_authority = Late("sandbox.wire.issuing:make_authority")
_make_leaf = Late("sandbox.wire.issuing:make_leaf")
_ABOUT = rb"valid until ([0-9T:+-]{25}) for ([ -~]+)\n-----BEGIN CERTIFICATE-----\n"


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """Where a server certificate and its key lie."""

    chain: Path
    """A line about it, the certificate, then the authority's."""
    key: Path

    @staticmethod
    def about(until: datetime, names: Sequence[str]) -> str:
        """The line in front of a certificate, which readers of PEM pass over (RFC 7468 section 5.2)."""
        return f"valid until {until.isoformat(timespec='seconds')} for {', '.join(names)}\n"


class Certificates:
    """The certificates of one sandbox, looked at or made when somebody first needs them; from any thread.

    The authority is made at the first start and kept: clients that trust it go on working. What it signed is renewed
    when it is about to expire, or lacks one of the names.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        """`names` are the host names and IP addresses under which clients may know the sandbox."""
        self.ca = folder / "ca.pem"
        """What clients are told to trust; there once one of the methods was called."""
        self._ca_key = folder / "ca.key"
        self._names = names
        self._lock = Lock()
        self._sound: set[Leaf] = set()

    def prepare(self) -> None:
        """See to it that there is what clients are told to trust; raises `OSError` when the folder can't be used."""
        with self._lock:
            self._have_authority()

    def ordinary(self) -> Leaf:
        """The certificate with a P-256 key; raises `OSError` when the folder can't be used."""
        return self._leaf("server", with_rsa=False)

    def for_rsa(self) -> Leaf:
        """The one for clients that offer RSA only; its key takes some 30 ms of a processor where it has to be made."""
        return self._leaf("server-rsa", with_rsa=True)

    def _leaf(self, name: str, *, with_rsa: bool) -> Leaf:
        leaf = Leaf(chain=self.ca.with_name(f"{name}.pem"), key=self.ca.with_name(f"{name}.key"))
        with self._lock:
            if leaf not in self._sound:
                self._have_authority()
                if not usable(self.ca, leaf, self._names):
                    _make_leaf(self.ca, self._ca_key, leaf, self._names, with_rsa=with_rsa)
                self._sound.add(leaf)
        return leaf

    def _have_authority(self) -> None:
        self.ca.parent.mkdir(parents=True, exist_ok=True)
        if not (self.ca.exists() and self._ca_key.exists()):
            _make_authority(self.ca, self._ca_key)


def usable(ca: Path, leaf: Leaf, names: Sequence[str]) -> bool:
    """Whether a certificate is of this authority, for all these names, not about to expire, and belongs to its key.

    It says so itself, in the line that `Leaf.about` describes; to read it, no library needs to be loaded.
    """
    if not (leaf.chain.exists() and leaf.key.exists()):
        return False
    content = leaf.chain.read_bytes()
    told = re.match(_ABOUT, content)
    if told is None or not content.endswith(ca.read_bytes()):
        return False
    remaining = datetime.fromisoformat(told[1].decode()) - datetime.now(UTC)
    return remaining > RENEW and set(names) <= set(told[2].decode().split(", ")) and _belong_together(leaf)


def _belong_together(leaf: Leaf) -> bool:
    """Whether the key is that of the certificate: two sandboxes that end at once may each have left one of them."""
    import ssl  # noqa: PLC0415 - whoever needs the pair needs this too, but not every start needs the pair

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(leaf.chain, leaf.key)
    except OSError:  # SSLError is one
        return False
    return True
