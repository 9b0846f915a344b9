"""Certificates: an authority of the sandbox's own, made once, and what it signs for the listeners."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
LEAF_DAYS = 397
"""The longest that strict clients accept for a server certificate."""
RENEW_DAYS = 30
RSA_BITS = 2048

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Where the certificates of one sandbox lie."""

    ca: Path
    """What clients are told to trust."""
    chain: Path
    """The server's certificate for its P-256 key, then the authority's."""
    key: Path
    rsa_chain: Path
    """The same for its RSA key; there once `add_rsa` has made it."""
    rsa_key: Path


def certificates(folder: Path, names: Sequence[str]) -> Certificates:
    """The server certificate for `names` (host names or IP addresses), made or renewed in `folder` when need be.

    The authority is made at the first start and kept: clients that trust it go on working.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = Certificates(
        ca=folder / "ca.pem",
        chain=folder / "server.pem",
        key=folder / "server.key",
        rsa_chain=folder / "server-rsa.pem",
        rsa_key=folder / "server-rsa.key",
    )
    ca_key_file = _ca_key(found)
    if not (found.ca.exists() and ca_key_file.exists()):
        _make_authority(found.ca, ca_key_file)
    if not _usable(found.ca, found.chain, found.key, names):
        _make_leaf(found, ec.generate_private_key(ec.SECP256R1()), found.chain, found.key, names)
    return found


def add_rsa(paths: Certificates, names: Sequence[str]) -> None:
    """Make or renew the second server certificate, for clients that offer RSA only.

    Takes some 30 ms of a processor when the key has to be made; runs on any thread, beside others.
    """
    if not _usable(paths.ca, paths.rsa_chain, paths.rsa_key, names):
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        _make_leaf(paths, key, paths.rsa_chain, paths.rsa_key, names)


def _ca_key(paths: Certificates) -> Path:
    return paths.ca.with_name("ca.key")


def write_private(path: Path, octets: bytes) -> None:
    """Write a file that only its owner may read, in one step: nobody ever sees half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
    fresh.replace(path)


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _usage(*, ca: bool = False, enciphers: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=enciphers,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: str, issuer: x509.Name | None, public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, days: int
) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _make_authority(certificate_file: Path, key_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("email-sandbox local CA", None, key.public_key(), CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private(key_file, _pem(key))
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _make_leaf(paths: Certificates, key: PrivateKey, chain: Path, key_file: Path, names: Sequence[str]) -> None:
    authority = x509.load_pem_x509_certificate(paths.ca.read_bytes())
    ca_key = serialization.load_pem_private_key(_ca_key(paths).read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    enciphers = isinstance(key, rsa.RSAPrivateKey)  # what TLS_RSA_* suites do with it, RFC 5246 section 7.4.2
    certificate = (
        _builder(names[0], authority.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(enciphers=enciphers), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_private(key_file, _pem(key))
    pem = serialization.Encoding.PEM
    chain.write_bytes(certificate.public_bytes(pem) + authority.public_bytes(pem))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usable(ca: Path, chain: Path, key: Path, names: Sequence[str]) -> bool:
    """Whether the certificate is there, signed by this authority, for these names, and not about to expire."""
    if not (chain.exists() and key.exists()):
        return False
    authority = x509.load_pem_x509_certificate(ca.read_bytes())
    certificate = x509.load_pem_x509_certificate(chain.read_bytes())
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    remaining = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
    wanted = {_general_name(name) for name in names}
    present = set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    return remaining > dt.timedelta(days=RENEW_DAYS) and wanted <= present
