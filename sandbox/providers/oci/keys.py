"""The sandbox's one API key pair and the configuration files that name it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_FILE = "api_key.pem"
PUBLIC_FILE = "api_key_public.pem"
SECRET_FILE = "secret"  # noqa: S105 - the name of a file
LABEL = b"OCI_API_KEY\n"
"""Last line of the key file; the service's clients warn about key files without it."""


def fingerprint(public_pem: str) -> str:
    """The fingerprint of a public key: MD5 of its DER form, as pairs of hexadecimal digits."""
    key = serialization.load_pem_public_key(public_pem.encode())
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def public_key(folder: Path) -> str:
    """The public half (PEM) of the pair in `folder`, which is made at the first call; slow, so call it in a thread."""
    path = folder / KEY_FILE
    if not path.exists():
        _keep(path, _new_private_key() + LABEL)
    if not (folder / PUBLIC_FILE).exists():
        private = serialization.load_pem_private_key(path.read_bytes(), None)
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        _keep(folder / PUBLIC_FILE, private.public_key().public_bytes(serialization.Encoding.PEM, spki))
    return (folder / PUBLIC_FILE).read_text("ascii")


def known_public_key(folder: Path) -> str | None:
    """The public half if the pair was made already."""
    path = folder / PUBLIC_FILE
    return path.read_text("ascii") if path.exists() else None


def secret(folder: Path, fresh: str) -> str:
    """The secret that accounts' names and passwords are derived from; it becomes `fresh` when there is none yet."""
    path = folder / SECRET_FILE
    if not path.exists():
        _keep(path, fresh.encode())
    return path.read_text("ascii")


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text of a private file, which is made at the first call; slow when `make` is, so call it in a thread."""
    if not path.exists():
        _keep(path, make().encode("ascii"))
    return path.read_text("ascii")


def write_config(path: Path, values: Mapping[str, str]) -> None:
    """Write a client configuration file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = ["[DEFAULT]", *(f"{name}={value}" for name, value in values.items())]
    with _draft(path.parent, ("\n".join(lines) + "\n").encode()) as draft:
        draft.replace(path)


def _new_private_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _keep(path: Path, content: bytes) -> None:
    """Make a file unless it is there: of several that make it at once, the first to link its draft wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _draft(path.parent, content) as draft, contextlib.suppress(FileExistsError):
        os.link(draft, path)


@contextmanager
def _draft(folder: Path, content: bytes) -> Iterator[Path]:
    """A complete file of mode 0600 under a passing name, to be moved or linked to its own."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
