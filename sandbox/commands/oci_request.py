"""A signed OCI request, made as the SDKs make it: version 1 of the HTTP signature with an API key."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sandbox.client import OciConnection

RAW = "/20220926/actions/submitRawEmail"
SIGNED = ("date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256")
"""What the signature of a POST covers, in the SDKs' order."""
PATIENCE = 30.0


def submit_raw(oci: OciConnection, sender: str, recipients: Sequence[str], raw: bytes) -> tuple[int, str]:
    """Submit a MIME message; HTTP status and body of the answer. `OSError` when nothing answers."""
    headers = {
        "content-type": "message/rfc822",
        "compartment-id": oci.compartment,
        "sender": sender,
        "recipients": ",".join(recipients),
    }
    signed = sign(oci, RAW, headers, raw)
    try:
        answer = httpx.post(oci.endpoint + RAW, content=raw, headers=signed, timeout=PATIENCE, trust_env=False)
    except httpx.TransportError as error:
        raise OSError(str(error)) from error
    return answer.status_code, answer.text.strip()


def sign(oci: OciConnection, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The headers of a POST with those that a signature needs, and the signature."""
    known = {
        **headers,
        "date": formatdate(usegmt=True),
        "host": urlsplit(oci.endpoint).netloc,
        "content-length": str(len(body)),
        "x-content-sha256": b64encode(sha256(body).digest()).decode(),
    }
    values = {**known, "(request-target)": f"post {path}"}
    text = "\n".join(f"{name}: {values[name]}" for name in SIGNED)
    signature = b64encode(_key(oci.key_file).sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()
    key_id = f"{oci.tenancy}/{oci.user}/{oci.fingerprint}"
    known["authorization"] = (
        f'Signature algorithm="rsa-sha256",headers="{" ".join(SIGNED)}",keyId="{key_id}",'
        f'signature="{signature}",version="1"'
    )
    return known


def _key(file: str) -> RSAPrivateKey:
    key = load_pem_private_key(Path(file).read_bytes(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"{file} is not an RSA key")
    return key
