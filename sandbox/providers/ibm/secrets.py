"""What a sandbox keeps to itself: the secret that credentials and tokens derive from, and a DKIM key made at need."""

from __future__ import annotations

from pathlib import Path

from sandbox.core.dkim import make_private_key
from sandbox.core.ids import Ids
from sandbox.core.services import Services
from sandbox.wire.certificates import write_private

SECRET_FILE = "secret"  # noqa: S105 - the name of a file
KEY_FILE = "dkim.pem"


def secret(services: Services) -> str:
    """64 hexadecimal digits, the same as long as the data folder stays; reads a file, so call it in a thread."""
    return _kept(services.files / "ibm" / SECRET_FILE, services.accounts.ids.hex(64))


def derived(services: Services, account: str) -> Ids:
    """Identifiers that are the same whenever an account is provisioned anew."""
    return Ids(f"{secret(services)}/{account}")


def ready_made_key(services: Services) -> str:
    """The DKIM key (PEM) of configurations that come with an account; slow at the first call, so use a thread."""
    path = services.files / "ibm" / KEY_FILE
    return path.read_text("ascii") if path.exists() else _kept(path, make_private_key())


def _kept(path: Path, fresh: str) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, fresh.encode("ascii"))
    return path.read_text("ascii")
