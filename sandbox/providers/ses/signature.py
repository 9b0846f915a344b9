"""Signature Version 4 as the receiving side sees it: read from header or query, recomputed, compared."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from sandbox.core.errors import Refusal

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = 300.0
"""Seconds that the time of a signature may be off."""
MISSING = "api.MissingAuthenticationTokenException.missing"
INCOMPLETE = "api.IncompleteSignatureException.form"
MISMATCH = "api.InvalidSignatureException.mismatch"
STALE = "api.InvalidSignatureException.time"
SCOPE = "api.InvalidSignatureException.scope"
_PARTS = re.compile(r"(Credential|SignedHeaders|Signature)\s*=\s*([^,\s]*)")
_BLANKS = re.compile(r"\s+")
_SAFE = "-_.~"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was signed."""

    method: str
    target: str
    """Path and query as received."""
    headers: Sequence[tuple[str, str]]
    """Names in lower case, repeated ones several times."""
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signature with what it says about itself."""

    key_id: str
    date: str
    """Of the scope: YYYYMMDD."""
    region: str
    service: str
    headers: Sequence[str]
    signature: str
    moment: str
    """YYYYMMDDTHHMMSSZ."""
    lifetime: float | None = None
    """Seconds that a presigned request is good for; None for a signature in the header."""


def key_id(authorization: str) -> str:
    """The access key that a header names, as far as it can be made out; else empty. Never raises."""
    found = dict(_PARTS.findall(authorization)) if authorization.startswith(ALGORITHM) else {}
    return str(found.get("Credential", "")).partition("/")[0]


def parse(request: Request) -> Signed:
    """The signature of a request; raises `Refusal` when there is none or a part is missing."""
    headers = dict(request.headers)
    query = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
    if "authorization" in headers:
        return _from_header(headers)
    if "X-Amz-Signature" in query:
        return _from_query(query)
    raise Refusal(MISSING)


def _from_header(headers: Mapping[str, str]) -> Signed:
    text = headers["authorization"]
    if not text.startswith(ALGORITHM):
        raise Refusal(MISSING)
    parts = dict(_PARTS.findall(text))
    for name in ("Credential", "Signature", "SignedHeaders"):
        if not parts.get(name):
            raise Refusal(INCOMPLETE, parameter=f"Authorization header requires '{name}' parameter.")
    moment = headers.get("x-amz-date", "")
    if not moment:
        raise Refusal(
            INCOMPLETE,
            parameter="Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    return _signed(parts, moment, None)


def _from_query(query: Mapping[str, str]) -> Signed:
    parts = {name: query.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")}
    lifetime = query.get("X-Amz-Expires", "900")
    for name, value in (*parts.items(), ("Date", query.get("X-Amz-Date", ""))):
        if not value:
            raise Refusal(INCOMPLETE, parameter=f"AWS query-string parameters must include 'X-Amz-{name}'.")
    seconds = float(lifetime) if lifetime.isascii() and lifetime.isdecimal() and len(lifetime) < 7 else 0.0
    return _signed(parts, query["X-Amz-Date"], seconds)


def _signed(parts: Mapping[str, str], moment: str, lifetime: float | None) -> Signed:
    scope = parts["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        text = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        raise Refusal(INCOMPLETE, parameter=text)
    return Signed(
        key_id=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        headers=tuple(name.lower() for name in parts["SignedHeaders"].split(";")),
        signature=parts["Signature"],
        moment=moment,
        lifetime=lifetime,
    )


def check_scope(signed: Signed, regions: Collection[str], services: Collection[str]) -> None:
    """Raise `Refusal` for a signature made for another region or service, or another day than it says."""
    if signed.region not in regions:
        raise Refusal(SCOPE, parameter=f"Credential should be scoped to a valid region, not '{signed.region}'.")
    if signed.service not in services:
        raise Refusal(SCOPE, parameter=f"Credential should be scoped to correct service: '{min(services)}'.")
    if signed.date != signed.moment[:8]:
        text = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{signed.date}' != '{signed.moment[:8]}', from '{signed.moment}'."  # noqa: E501
        raise Refusal(SCOPE, parameter=text)


def check_time(signed: Signed, now: Sequence[float]) -> None:
    """Raise `Refusal` when a signature is too old or from the future by every clock in `now` (Unix seconds)."""
    made = _moment(signed.moment)
    lifetime = SKEW if signed.lifetime is None else signed.lifetime
    problems = [_time_problem(signed, made, one, lifetime) for one in now]
    if all(problems):
        raise Refusal(STALE, parameter=problems[0])


def _time_problem(signed: Signed, made: float, now: float, lifetime: float) -> str:
    if made + lifetime < now:
        limit = f"{_stamp(now - lifetime)} ({_stamp(now)} - {lifetime / 60:g} min.)"
        return f"Signature expired: {signed.moment} is now earlier than {limit}"
    if made - SKEW > now:
        limit = f"{_stamp(now + SKEW)} ({_stamp(now)} + {SKEW / 60:g} min.)"
        return f"Signature not yet current: {signed.moment} is still later than {limit}"
    return ""


@lru_cache(maxsize=64)  # requests of the same second have the same one
def _moment(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        wanted = (
            f"Date must be in ISO-8601 'basic format'. Got '{text[:40]}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
        raise Refusal(INCOMPLETE, parameter=wanted) from error


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def verify(signed: Signed, request: Request, secret: str) -> None:
    """Raise `Refusal` unless the signature was made with `secret` for this very request."""
    known = dict(request.headers)
    if "host" not in signed.headers or not set(signed.headers) <= set(known):
        raise Refusal(MISMATCH)
    expected = sign(signed, request, secret)
    if not hmac.compare_digest(expected.encode(), signed.signature.encode("utf-8", "replace")):
        raise Refusal(MISMATCH)


def sign(signed: Signed, request: Request, secret: str) -> str:
    """The signature that the holder of `secret` makes for a request; 64 hexadecimal digits."""
    scope = f"{signed.date}/{signed.region}/{signed.service}/aws4_request"
    digest = hashlib.sha256(_canonical(signed, request).encode()).hexdigest()
    text = f"{ALGORITHM}\n{signed.moment}\n{scope}\n{digest}"
    return hmac.new(
        signing_key(secret, signed.date, signed.region, signed.service), text.encode(), "sha256"
    ).hexdigest()


@lru_cache(maxsize=256)  # it is the same for a whole day
def signing_key(secret: str, *scope: str) -> bytes:
    """The key of a scope: date, region, service; `aws4_request` ends it."""
    key = ("AWS4" + secret).encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical(signed: Signed, request: Request) -> str:
    path, _, query = request.target.partition("?")
    headers = "".join(f"{name}:{_header(request, name)}\n" for name in signed.headers)
    parts = (request.method, _path(path), _query(query), headers, ";".join(signed.headers), _payload(request))
    return "\n".join(parts)


def _path(path: str) -> str:
    """The path encoded once more, without empty and dot segments."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(quote(segment, safe=_SAFE))
    end = "/" if path.endswith("/") and kept else ""
    return "/" + "/".join(kept) + end


def _query(query: str) -> str:
    pairs = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((quote(unquote(name), safe=_SAFE), quote(unquote(value), safe=_SAFE)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _header(request: Request, name: str) -> str:
    return ",".join(_BLANKS.sub(" ", value.strip()) for key, value in request.headers if key == name)


def _payload(request: Request) -> str:
    """The body's hash; a request that names another one can't be genuine, unless it leaves the body unsigned."""
    named = dict(request.headers).get("x-amz-content-sha256", "")
    return named if named == "UNSIGNED-PAYLOAD" else hashlib.sha256(request.body).hexdigest()
