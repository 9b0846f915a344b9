"""DNS on the wire: the authoritative server, and the system's resolver."""

from __future__ import annotations

from sandbox.wire.dns.messages import respond
from sandbox.wire.dns.server import OpenDns, resolver, serve

__all__ = ["OpenDns", "resolver", "respond", "serve"]
