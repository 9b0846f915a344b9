"""Which hosts may be told: this machine, unless the settings name others.

An emulator of a mail service must not become a way to reach the network. A name is resolved once and checked, and the
connection goes to the address that was checked, so that a second answer of the resolver changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection


class TargetError(ValueError):
    """A target that can't or must not be reached; the message says what to change."""


async def resolve(host: str, port: int, allowed: Collection[str]) -> str:
    """The address to connect to: a loopback address, or any address of an allowed host; `TargetError` otherwise."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetError(f"{host} can't be resolved ({error})") from error
    addresses = [str(entry[4][0]) for entry in found]
    if host not in allowed and not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise TargetError(f"{host} is not on this machine: name it in delivery.callback_hosts to allow it")
    return addresses[0]
