"""The sandbox's one API key pair and the configuration files that name it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.wire.whole_files import keep_private, write_private

KEY_FILE = "api_key.pem"
PUBLIC_FILE = "api_key_public.pem"
LABEL = b"OCI_API_KEY\n"
"""Last line of the key file; the service's clients warn about key files without it."""


def fingerprint(public_pem: str) -> str:
    """The fingerprint of a public key (SubjectPublicKeyInfo): MD5 of its DER form, as pairs of hexadecimal digits."""
    der = base64.b64decode("".join(line for line in public_pem.splitlines() if "-" not in line))
    digest = hashlib.md5(der, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def public_key(folder: Path) -> str:
    """The public half (PEM) of the pair in `folder`, which is made at the first call; slow, so call it in a thread."""
    path = folder / KEY_FILE
    if not path.exists():
        keep_private(path, _new_private_key() + LABEL)
    if not (folder / PUBLIC_FILE).exists():
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - once for a folder

        private = serialization.load_pem_private_key(path.read_bytes(), None)
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        keep_private(folder / PUBLIC_FILE, private.public_key().public_bytes(serialization.Encoding.PEM, spki))
    return (folder / PUBLIC_FILE).read_text("ascii")


def known_public_key(folder: Path) -> str | None:
    """The public half if the pair was made already."""
    path = folder / PUBLIC_FILE
    return path.read_text("ascii") if path.exists() else None


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text of a private file, which is made at the first call; slow when `make` is, so call it in a thread."""
    if not path.exists():
        keep_private(path, make().encode("ascii"))
    return path.read_text("ascii")


def write_config(path: Path, values: Mapping[str, str]) -> None:
    """Write a client configuration file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = ["[DEFAULT]", *(f"{name}={value}" for name, value in values.items())]
    write_private(path, ("\n".join(lines) + "\n").encode())


def _new_private_key() -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - once for a folder
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - see above

    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
