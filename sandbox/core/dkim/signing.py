"""Makes the DKIM-Signature field of a message (RFC 6376 section 5): relaxed/relaxed, rsa-sha256."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.core.dkim.canonical import BODY, chosen, relaxed_header
from sandbox.core.raw_fields import RawField, join, split

LINE = 72
"""Characters of a line of base64."""
NAME = b"DKIM-Signature"


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """Who signs, and with what."""

    domain: str
    selector: str
    private_key: str = field(repr=False)
    """An RSA key, PEM."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a service writes its signatures."""

    tags: str = (
        "v=1; a=rsa-sha256; c=relaxed/relaxed; s={selector};\r\n d={domain};\r\n h={names};\r\n bh={hash};\r\n b="
    )
    """The tag list up to the signature; `c=relaxed/` and the form of `body` stand in it. May use `{at}`."""
    body: str = "relaxed"
    """Canonical form of the body: `relaxed` or `simple`."""


RELAXED = Form()


def sign(
    message: bytes, key: SigningKey, names: Sequence[str], *, indent: int = 3, form: Form = RELAXED, at: int = 0
) -> bytes:
    """The DKIM-Signature field, with its CRLF, to be put on top of `message` (CRLF line ends).

    `names` are the fields to sign, each as often as it is to be covered; one time more than the message has it keeps
    anybody from adding another. `t=` is written only by a form that has it, with the moment `at` (Unix seconds), so
    that the same message, key and moment give the same octets. Raises `ValueError` for a key that is no RSA key.
    """
    parts = split(message)
    body_hash = b64encode(hashlib.sha256(BODY[form.body](parts.body)).digest())
    head = form.tags.format(
        selector=key.selector, domain=key.domain, names=":".join(names), hash=body_hash.decode("ascii"), at=at
    ).encode()
    unsigned = RawField(NAME, NAME + b": " + head + b"\r\n")
    fields = chosen(parts.fields, [name.encode("ascii") for name in names])
    covered = b"".join(relaxed_header(field) for field in fields) + relaxed_header(unsigned).removesuffix(b"\r\n")
    signature = _load(key.private_key).sign(covered, padding.PKCS1v15(), hashes.SHA256())
    return NAME + b": " + head + _folded(b64encode(signature), indent) + b"\r\n"


def signed(
    fields: Sequence[RawField], body: bytes, keys: Sequence[SigningKey], names: Sequence[str]
) -> list[RawField | bytes]:
    """The fields with one signature of each key on top, the last key's topmost; all cover the same names."""
    message = join(fields, body)
    return [*(sign(message, key, names) for key in reversed(keys)), *fields]


@lru_cache(maxsize=64)
def _load(pem: str) -> rsa.RSAPrivateKey:
    # What is skipped are checks for faulty keys, which cost more than a signature; a key was checked when it came in.
    key = serialization.load_pem_private_key(pem.encode("ascii"), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("a DKIM key is an RSA key")  # noqa: TRY004 - what the key is, is a matter of its value
    return key


def _folded(text: bytes, indent: int) -> bytes:
    return (b"\r\n" + b" " * indent).join(text[at : at + LINE] for at in range(0, len(text), LINE))
