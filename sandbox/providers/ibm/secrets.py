"""What a sandbox keeps to itself: what credentials derive from, and a DKIM key made at need."""

from __future__ import annotations

from sandbox.core.ids import Ids
from sandbox.core.late import Late
from sandbox.core.services import Services
from sandbox.wire.secret import secret_of
from sandbox.wire.whole_files import keep_private

_make_private_key = Late("sandbox.core.dkim:make_private_key")
KEY_FILE = "dkim.pem"


async def derived(services: Services, account: str) -> Ids:
    """Identifiers that are the same whenever an account is provisioned anew."""
    return Ids(f"{await secret_of(services, 'ibm')}/{account}")


def ready_made_key(services: Services) -> str:
    """The DKIM key (PEM) of configurations that come with an account; slow at the first call, so use a thread."""
    path = services.files / "ibm" / KEY_FILE
    if not path.exists():
        keep_private(path, _make_private_key().encode("ascii"))
    return path.read_text("ascii")
