"""DomainKeys Identified Mail (RFC 6376, RFC 8301, RFC 8463): keys, signing, verifying; cryptography by a library."""

from sandbox.core.dkim.key_record import KeyRecord, KeyRecordError, make_private_key, parse_record, public_record
from sandbox.core.dkim.signing import Form, SigningKey, sign, signed
from sandbox.core.dkim.verifying import Signature, signatures, verify

__all__ = [
    "Form",
    "KeyRecord",
    "KeyRecordError",
    "Signature",
    "SigningKey",
    "make_private_key",
    "parse_record",
    "public_record",
    "sign",
    "signatures",
    "signed",
    "verify",
]
