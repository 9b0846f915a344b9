"""The key that SNS signs with and its certificate: made when the first message goes out, then kept."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.core.services import Services
from sandbox.providers.ses.sns.envelope import Signer
from sandbox.wire.whole_files import write_private

SUBJECT = "sns.amazonaws.com"
DAYS = 3650
BITS = 2048
PATH = "/SimpleNotificationService-{name}.pem"
_PEM = serialization.Encoding.PEM
_BEGIN = b"-----BEGIN CERTIFICATE-----"


async def signer(services: Services) -> Signer:
    """The sandbox's one signer."""
    octets = await asyncio.to_thread(_kept, _file(services))
    key, certificate = _parts(octets)
    root = services.endpoints.get("https", "https://localhost")
    return Signer(key=key, certificate_url=root + PATH.format(name=name_of(certificate)))


async def served(services: Services, name: str) -> bytes | None:
    """The certificate (PEM) that is called `name` in its URL; None when it is another one, or not made yet."""
    file = _file(services)
    octets = await asyncio.to_thread(lambda: file.read_bytes() if file.exists() else b"")
    if not octets:
        return None
    certificate = _parts(octets)[1]
    return certificate if name == name_of(certificate) else None


def name_of(certificate: bytes) -> str:
    """The 32 hexadecimal digits that name a certificate in its URL."""
    return hashlib.sha256(certificate).hexdigest()[:32]


def _file(services: Services) -> Path:
    return services.files / "ses" / "sns.pem"


def _kept(file: Path) -> bytes:
    """Key and certificate, one behind the other; the first call makes them, which takes a tenth of a second."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        write_private(fresh, _made())
        with suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    return file.read_bytes()


@lru_cache(maxsize=8)
def _parts(octets: bytes) -> tuple[rsa.RSAPrivateKey, bytes]:
    key = serialization.load_pem_private_key(octets, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key, octets[octets.index(_BEGIN) :]


def _made() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + _certificate(key)


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT)])
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .sign(key, hashes.SHA256())
        .public_bytes(_PEM)
    )
