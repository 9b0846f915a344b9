"""Keys in DNS: making a pair, writing its record, and reading one that anybody may have published."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey
RSA_LEAST, RSA_MOST = 1024, 8192
"""Bits of an RSA key that verifiers take (RFC 8301 section 3.2); the upper end bounds the work."""
RECORD_LENGTH = 16_384


class KeyRecordError(ValueError):
    """A record that holds no usable key; the message says why."""


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """A key record (RFC 6376 section 3.6.1)."""

    key: PublicKey
    kind: str
    """`rsa` or `ed25519`."""
    hashes: tuple[str, ...] = ()
    """Hash algorithms that may be used; empty allows all."""
    strict: bool = False
    """Flag `s`: the identity's domain is to be the signing domain itself."""
    testing: bool = False
    """Flag `y`."""


def make_private_key(bits: int = 2048) -> str:
    """A new RSA key (PEM, PKCS #8). Takes tens of milliseconds: call it in a thread."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")


def public_record(private_key: str) -> str:
    """The TXT record value that publishes the public half of an RSA key (PEM); `ValueError` when it is none."""
    key = serialization.load_pem_private_key(private_key.encode("ascii"), None)
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode('ascii')}"


def parse_tags(text: str) -> dict[str, str]:
    """A tag list (RFC 6376 section 3.2) as a table; `ValueError` for what is none, or for a tag that comes twice."""
    found: dict[str, str] = {}
    for piece in text.strip().removesuffix(";").split(";"):
        name, equals, value = piece.partition("=")
        name = name.strip()
        if not equals or not (name.isascii() and name.isidentifier()):
            raise ValueError(f"{piece.strip()[:40]!r} is no tag")
        if name in found:
            raise ValueError(f"the tag {name}= comes twice")
        found[name] = value.strip()
    return found


def parse_record(text: str) -> KeyRecord:
    """Read a key record; `KeyRecordError` says what keeps it from being used."""
    if len(text) > RECORD_LENGTH:
        raise KeyRecordError(f"the record is longer than {RECORD_LENGTH} characters")
    try:
        tags = parse_tags(text)
    except ValueError as error:
        raise KeyRecordError(f"the record can't be read: {error}") from error
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        raise KeyRecordError("the record does not begin with v=DKIM1")
    if tags.get("s", "*") not in ("*", "") and "email" not in _words(tags["s"]):
        raise KeyRecordError(f"the key is for {tags['s']}, not for email")
    flags = _words(tags.get("t", ""))
    kind = tags.get("k", "rsa")
    return KeyRecord(
        key=_key(kind, tags),
        kind=kind,
        hashes=_words(tags.get("h", "")),
        strict="s" in flags,
        testing="y" in flags,
    )


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(":") if word.strip())


def _key(kind: str, tags: Mapping[str, str]) -> PublicKey:
    if "p" not in tags:
        raise KeyRecordError("the record has no p= with a key")
    text = "".join(tags["p"].split())
    if not text:
        raise KeyRecordError("the key was revoked: p= is empty")
    if kind not in _LOADERS:
        raise KeyRecordError(f"unknown key type k={kind[:20]}")
    try:
        key = _LOADERS[kind](base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyRecordError("p= holds no public key") from error
    if isinstance(key, rsa.RSAPublicKey) and not RSA_LEAST <= key.key_size <= RSA_MOST:
        raise KeyRecordError(f"an RSA key of {key.key_size} bits; verifiers take {RSA_LEAST} to {RSA_MOST}")
    return key


def _rsa(octets: bytes) -> PublicKey:
    key = serialization.load_der_public_key(octets)
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("k=rsa, but p= holds a key of another kind")
    return key


_LOADERS: Mapping[str, Callable[[bytes], PublicKey]] = {
    "rsa": _rsa,
    "ed25519": ed25519.Ed25519PublicKey.from_public_bytes,
}
"""Key type → how its octets are read."""
