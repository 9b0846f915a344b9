"""Request signatures, version 1: what a client must have signed, and whether it did.

The scheme is draft-cavage-http-signatures-08 with RSA and SHA-256. Clients differ: Python signs `date`, Node `x-date`,
and Node writes some names of the header list in mixed case. Names are matched without regard to case, the signing
string uses lower-case names, and path and query are signed as they were sent, repeated slashes included.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.core.values import frozen

SKEW = 300.0
"""Seconds that the client's clock may be away."""
_PARAMETER = re.compile(r'\s*([A-Za-z]+)\s*=\s*"([^"]*)"\s*(?:,|$)')
_ALWAYS = ("(request-target)", "host")
_WITH_BODY = ("content-length", "content-type", "x-content-sha256")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_PARAMETERS_LENGTH = 8_192
_PADDING, _HASH = padding.PKCS1v15(), hashes.SHA256()


class SignatureError(Exception):
    """A signature that does not hold; the message says why, for the transcript and not for the client."""


@frozen
class Signed:
    """The parameters of an `Authorization: Signature …` header."""

    key_id: str
    headers: tuple[str, ...]
    """Names in the order signed, lower-case."""
    signature: str


@frozen
class Request:
    """What of a request takes part in its signature; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@lru_cache(maxsize=64)  # of one request it is asked twice: for the account, and to verify
def parse(authorization: str) -> Signed:
    """Read the header; `SignatureError` when it is missing, of another scheme, or lacks a parameter."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() != "signature" or len(rest) > _PARAMETERS_LENGTH:
        raise SignatureError("there is no Authorization header of the scheme Signature")
    found: dict[str, str] = {}
    at = 0
    while match := _PARAMETER.match(rest, at):
        found[match[1].lower()] = match[2]
        at = match.end()
    if missing := {"keyid", "headers", "signature", "algorithm"} - set(found):
        raise SignatureError(f"the Authorization header lacks {', '.join(sorted(missing))}")
    if found["algorithm"].lower() != "rsa-sha256":
        raise SignatureError(f"the algorithm is {found['algorithm']}; it must be rsa-sha256")
    if found.get("version", "1") != "1":
        raise SignatureError(f"the signature version is {found['version']}; it must be 1")
    return Signed(key_id=found["keyid"], headers=tuple(found["headers"].lower().split()), signature=found["signature"])


def signing_string(names: Sequence[str], request: Request) -> str:
    """The text that is signed; `SignatureError` for a listed header that the request doesn't have."""
    return "\n".join([f"{name}: {_value(name, request)}" for name in names])


def verify(signed: Signed, request: Request, public_pem: str, clocks: Sequence[float]) -> None:
    """Check a request against a public key; `SignatureError` says what is wrong.

    `clocks` are moments (Unix seconds) that count as the present; the date must be near one of them.
    """
    with_body = request.method in _BODY_METHODS
    if missing := _missing(signed.headers, with_body=with_body):
        raise SignatureError(f"the signature must also cover {', '.join(missing)}")
    _check_date(signed, request, clocks)
    if with_body:
        _check_body(request)
    text = signing_string(signed.headers, request)
    try:
        signature = base64.b64decode(signed.signature, validate=True)
        _key(public_pem).verify(signature, text.encode("latin-1"), _PADDING, _HASH)
    except (binascii.Error, ValueError, UnicodeEncodeError) as error:
        raise SignatureError("the signature is not base64") from error
    except InvalidSignature:
        raise SignatureError(f"the signature does not fit this key and signing string:\n{text}") from None


def _value(name: str, request: Request) -> str:
    if name == "(request-target)":
        return f"{request.method.lower()} {request.target}"
    value = request.headers.get(name)
    if value is None:
        raise SignatureError(f"the signature covers {name}, which the request doesn't have")
    return value


@lru_cache(maxsize=64)  # clients sign the same headers every time
def _missing(covered: tuple[str, ...], *, with_body: bool) -> list[str]:
    """What a signature must cover as well."""
    missing = [name for name in _ALWAYS + (_WITH_BODY if with_body else ()) if name not in covered]
    return missing if {"date", "x-date"} & set(covered) else ["date or x-date", *missing]


def _check_date(signed: Signed, request: Request, clocks: Sequence[float]) -> None:
    name = "x-date" if "x-date" in signed.headers else "date"
    text = _value(name, request)
    try:
        moment = _moment(text)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise SignatureError(f"{name} is not a date: {text[:100]}") from error
    if min([abs(moment - clock) for clock in clocks]) > SKEW:
        raise SignatureError(f"{name} is more than {SKEW:.0f} seconds away from the present: {text}")


@lru_cache(maxsize=64)  # requests of the same second have the same date
def _moment(text: str) -> float:
    """Unix seconds of a date of RFC 5322."""
    return parsedate_to_datetime(text).timestamp()


def _check_body(request: Request) -> None:
    digest = binascii.b2a_base64(hashlib.sha256(request.body).digest(), newline=False).decode()
    if request.headers.get("x-content-sha256", "").strip() != digest:
        raise SignatureError(
            f"x-content-sha256 is not the digest of the {len(request.body)} octets that arrived, which is {digest}"
        )


@lru_cache(maxsize=256)
def _key(public_pem: str) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_pem_public_key(public_pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError("the API key is not a public key") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise SignatureError("the API key is not an RSA key")
    return key
