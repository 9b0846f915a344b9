"""The TLS contexts of the listeners: versions, cipher suites, and which certificates they show."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

from sandbox.wire.certificates import Certificates
from sandbox.wire.whole_files import write_public

FFDHE2048 = """\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
"""The finite field group for DHE suites, RFC 7919 appendix A.1."""


def server_context(
    certificates: Certificates, *, ciphers: Sequence[str] = (), tls13: bool = True, alpn: Sequence[str] = ()
) -> ssl.SSLContext:
    """A server's context: TLS 1.2 or newer, no renegotiation, the server's order of suites.

    `ciphers` are the suites of TLS 1.2 by their OpenSSL names, the preferred one first; without any, the platform's.
    With them the context shows the RSA certificate too and knows a group for DHE. Certificates that are missing are
    made, which takes some milliseconds; raises `OSError` when they can't be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ordinary = certificates.ordinary()
    context.load_cert_chain(ordinary.chain, ordinary.key)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not tls13:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if ciphers:
        second = certificates.for_rsa()
        context.load_cert_chain(second.chain, second.key)
        context.load_dh_params(str(_group(certificates)))
        context.set_ciphers(":".join(ciphers))
    if alpn:
        context.set_alpn_protocols(list(alpn))
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION
    return context


def failing_context() -> ssl.SSLContext:
    """A context with which no handshake succeeds: it has no certificate, and the client gets the alert for that."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def _group(certificates: Certificates) -> Path:
    """The file that OpenSSL reads the group from."""
    file = certificates.ca.with_name("dh.pem")
    if not file.exists():
        write_public(file, FFDHE2048.encode("ascii"))
    return file
