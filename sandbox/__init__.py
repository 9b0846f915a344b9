"""A local emulator of cloud email delivery services: `Sandbox` runs one in this process, `Client` talks to any."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.client import AsyncClient, Client, Message
    from sandbox.inprocess import Sandbox
    from sandbox.version import __version__

__all__ = ["AsyncClient", "Client", "Message", "Sandbox", "__version__"]

_HOMES = {
    "AsyncClient": "sandbox.client",
    "Client": "sandbox.client",
    "Message": "sandbox.client",
    "Sandbox": "sandbox.inprocess",
    "__version__": "sandbox.version",
}
"""Public names, imported when they are first used."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
