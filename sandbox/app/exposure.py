"""What a sandbox warns of itself: that others than the users of this machine can read all that is in it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from sandbox.settings import Settings


def warned_of(settings: Settings) -> Sequence[str]:
    """One sentence for each thing that whoever started it should know; usually none."""
    if settings.login or _is_loopback(settings.host):
        return []
    return [f"listening on {settings.host} without a login: whoever reaches it reads all mail and credentials"]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
