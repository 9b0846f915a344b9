"""IAM access tokens: JSON Web Tokens (RFC 7519, HS256) that the sandbox signs, on real time as IAM's clients are."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

LIFETIME = 3600
"""Seconds."""
ISSUER = "https://iam.cloud.ibm.com/identity"


class TokenError(ValueError):
    """A token that the sandbox did not make, or that has expired; the text says why."""


def make(secret: str, *, account: str, service_id: str, name: str, now: int, serial: str) -> str:
    """A token for a service id of an account."""
    claims = {
        "iam_id": f"iam-{service_id.removeprefix('iam-')}",
        "id": f"iam-{service_id.removeprefix('iam-')}",
        "realmid": "iam",
        "jti": serial,
        "identifier": service_id.removeprefix("iam-"),
        "name": name,
        "sub": service_id.removeprefix("iam-"),
        "sub_type": "ServiceId",
        "account": {"valid": True, "bss": account, "frozen": True},
        "iat": now,
        "exp": now + LIFETIME,
        "iss": ISSUER,
        "grant_type": "urn:ibm:params:oauth:grant-type:apikey",
        "scope": "ibm openid",
        "client_id": "default",
        "acr": 1,
        "amr": ["pwd"],
    }
    head = {"kid": "sandbox", "alg": "HS256", "typ": "JWT"}
    signed = f"{_part(head)}.{_part(claims)}"
    return f"{signed}.{_text(_signature(secret, signed))}"


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says, believed or not; `TokenError` for what is none."""
    try:
        _, middle, _ = token.split(".")
        claims = json.loads(_octets(middle))
    except (ValueError, RecursionError) as error:
        raise TokenError("it is no JSON Web Token") from error
    if not isinstance(claims, dict):
        raise TokenError("it is no JSON Web Token")
    return claims


def check(secret: str, token: str, now: float) -> Mapping[str, Any]:
    """What a valid token says; `TokenError` for any other."""
    claims = claims_of(token)
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_text(_signature(secret, signed)).encode(), signature.encode("utf-8", "replace")):
        raise TokenError("the sandbox did not issue it")
    if not now < float(claims["exp"]):
        raise TokenError("it has expired")
    return claims


def _signature(secret: str, signed: str) -> bytes:
    return hmac.digest(secret.encode(), signed.encode("utf-8", "replace"), hashlib.sha256)


def _part(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _octets(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
