"""TLS for the listeners: a certificate authority of the sandbox's own, made once, and the server's contexts."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
LEAF_DAYS = 397
"""The longest that strict clients accept for a server certificate."""
RENEW_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Where the certificates of one sandbox lie."""

    ca: Path
    """What clients are told to trust."""
    chain: Path
    key: Path


def certificates(folder: Path, names: Sequence[str]) -> Certificates:
    """The server certificate for `names` (host names or IP addresses), made or renewed in `folder` when need be.

    The authority is made at the first start and kept: clients that trust it go on working.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = Certificates(ca=folder / "ca.pem", chain=folder / "server.pem", key=folder / "server.key")
    ca_key_file = folder / "ca.key"
    trusted = found.ca.exists() and ca_key_file.exists()
    if not trusted:
        _make_authority(found.ca, ca_key_file)
    if not (trusted and found.chain.exists() and found.key.exists() and _covers(found.chain, names)):
        _make_leaf(found, ca_key_file, names)
    return found


def server_context(
    paths: Certificates, *, ciphers: str = "", tls13: bool = True, alpn: Sequence[str] = ()
) -> ssl.SSLContext:
    """A server's context: TLS 1.2 or newer, no renegotiation; `ciphers` is an OpenSSL list for TLS 1.2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths.chain, paths.key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls13:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if ciphers:
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION
    return context


def write_private(path: Path, octets: bytes) -> None:
    """Write a file that only its owner may read, in one step: nobody ever sees half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
    fresh.replace(path)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(
    subject: str, issuer: x509.Name | None, public: ec.EllipticCurvePublicKey, days: int
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


def _make_leaf(paths: Certificates, ca_key_file: Path, names: Sequence[str]) -> None:
    authority = x509.load_pem_x509_certificate(paths.ca.read_bytes())
    ca_key = serialization.load_pem_private_key(ca_key_file.read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(names[0], authority.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_private(paths.key, _pem(key))
    pem = serialization.Encoding.PEM
    paths.chain.write_bytes(certificate.public_bytes(pem) + authority.public_bytes(pem))


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _covers(chain: Path, names: Sequence[str]) -> bool:
    """Whether the certificate is for these names and not about to expire."""
    certificate = x509.load_pem_x509_certificate(chain.read_bytes())
    remaining = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
    wanted = {_general_name(name) for name in names}
    present = set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    return remaining > dt.timedelta(days=RENEW_DAYS) and wanted <= present
