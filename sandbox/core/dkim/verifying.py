"""Says of each DKIM signature whether it holds (RFC 6376 section 6), and if not, why not."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from sandbox.core.auth_words import Result
from sandbox.core.dkim.canonical import BODY, HEADER, chosen
from sandbox.core.dkim.key_record import KeyRecord, parse_tags
from sandbox.core.raw_fields import RawField, RawMessage

MOST = 20
"""Signatures of one message that are looked at."""
LENGTH = 16_384
"""Octets of a signature field that is looked at."""
NEEDED = ("v", "a", "b", "bh", "d", "h", "s")
ALGORITHMS: Mapping[str, str] = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
"""Signature algorithm → type of its key. rsa-sha1 is gone since RFC 8301."""
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,60}}")


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A DKIM-Signature field that was found in a message."""

    field: RawField
    domain: str = ""
    selector: str = ""
    tags: Mapping[str, str]
    problem: str = ""
    """Why it can't be checked at all; empty when it can."""

    @property
    def record_name(self) -> str:
        """Where its key is to be found."""
        return f"{self.selector}._domainkey.{self.domain}"


def signatures(message: RawMessage) -> list[Signature]:
    """The signatures of a message from top to bottom; never raises."""
    return [_read(field) for field in message.all(b"dkim-signature")[:MOST]]


def verify(message: RawMessage, signature: Signature, record: KeyRecord, now: float) -> tuple[Result, str]:
    """Whether a readable signature holds with the key of `record` at `now` (Unix seconds), and the reason in words."""
    tags = signature.tags
    objection = _objection(signature, record, now)
    if objection:
        return Result.PERMERROR, objection
    header_form, _, body_form = tags.get("c", "simple/simple").partition("/")
    octets = BODY[body_form or "simple"](message.body)
    if "l" in tags:
        octets = octets[: int(tags["l"])]
    if not hmac.compare_digest(hashlib.sha256(octets).digest(), _decoded(tags["bh"])):
        return Result.FAIL, "the body was changed after it was signed (bh= does not match)"
    names = [name.strip().encode() for name in tags["h"].split(":")]
    form = HEADER[header_form]
    others = [field for field in message.fields if field is not signature.field]
    covered = b"".join(form(field) for field in chosen(others, names))
    covered += form(_without_value(signature.field)).removesuffix(b"\r\n")
    if not _holds(record, _decoded(tags["b"]), covered):
        return Result.FAIL, "a signed header field was changed, or another key signed (b= does not match)"
    return Result.PASS, f"signed by {signature.domain} with selector {signature.selector}"


def _read(field: RawField) -> Signature:
    if len(field.octets) > LENGTH:
        return Signature(field=field, tags={}, problem=f"the field is longer than {LENGTH} octets")
    try:
        tags = parse_tags(field.value.decode("utf-8", "replace"))
    except ValueError as error:
        return Signature(field=field, tags={}, problem=f"the field can't be read: {error}")
    domain, selector = tags.get("d", "").lower(), tags.get("s", "")
    problem = _problem(tags, domain, selector)
    return Signature(field=field, domain=domain[:255], selector=selector[:255], tags=tags, problem=problem)


def _problem(tags: Mapping[str, str], domain: str, selector: str) -> str:
    missing = [name for name in NEEDED if not tags.get(name)]
    if missing:
        return f"the tag {missing[0]}= is missing"
    if tags["v"] != "1":
        return "v= is not 1"
    if tags["a"].lower() not in ALGORITHMS:
        return f"the algorithm {tags['a'][:20]} is not to be used (RFC 8301)"
    if not (_DOMAIN.fullmatch(domain) and _DOMAIN.fullmatch(selector)) or len(domain) + len(selector) > 230:
        return "d= and s= make no domain name"
    if "from" not in [name.strip().lower() for name in tags["h"].split(":")]:
        return "h= does not cover From"
    return _bad_value(tags, domain)


def _bad_value(tags: Mapping[str, str], domain: str) -> str:
    forms = tags.get("c", "simple/simple").partition("/")
    if forms[0] not in HEADER or (forms[2] or "simple") not in BODY:
        return "c= names no known canonicalization"
    for name in ("b", "bh"):
        try:
            _decoded(tags[name])
        except (binascii.Error, ValueError):
            return f"{name}= is not base64"
    for name in ("l", "t", "x"):
        value = tags.get(name, "0")
        if not (value.isascii() and value.isdigit() and len(value) <= 15):
            return f"{name}= is no number"
    identity = tags.get("i", "@" + domain).rpartition("@")[2].lower()
    if identity != domain and not identity.endswith("." + domain):
        return "i= is outside of d="
    return ""


def _objection(signature: Signature, record: KeyRecord, now: float) -> str:
    tags = signature.tags
    if ALGORITHMS[tags["a"].lower()] != record.kind:
        return f"signed with {tags['a']}, but the key is of type {record.kind}"
    if record.hashes and "sha256" not in record.hashes:
        return "the key's record does not allow sha256"
    identity = tags.get("i", "").rpartition("@")[2].lower()
    if record.strict and identity and identity != signature.domain:
        return "the key's record asks for i= and d= of the same domain"
    if "x" in tags and int(tags["x"]) < now:
        return "the signature has expired (x=)"
    return ""


def _decoded(text: str) -> bytes:
    return base64.b64decode("".join(text.split()), validate=True)


def _without_value(field: RawField) -> RawField:
    """The field with the value of `b=` taken out, and nothing else (section 3.7)."""
    pieces = field.octets.removesuffix(b"\r\n").split(b";")
    head, colon, first = pieces[0].partition(b":")
    pieces[0] = first
    emptied = [piece.partition(b"=")[0] + b"=" if _is_b(piece) else piece for piece in pieces]
    return RawField(field.name, head + colon + b";".join(emptied) + b"\r\n")


def _is_b(piece: bytes) -> bool:
    name, equals, _ = piece.partition(b"=")
    return bool(equals) and name.strip() == b"b"


def _holds(record: KeyRecord, signature: bytes, covered: bytes) -> bool:
    try:
        if isinstance(record.key, rsa.RSAPublicKey):
            record.key.verify(signature, covered, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(record.key, ed25519.Ed25519PublicKey):
            record.key.verify(signature, hashlib.sha256(covered).digest())
    except InvalidSignature:
        return False
    return True
