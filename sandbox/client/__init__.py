"""A client of a running sandbox: look at mail, wait for it, force errors, move the clock."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.client.afterwards import Rules
    from sandbox.client.asynchronous import AsyncClient
    from sandbox.client.client import DEFAULT_URL, Client
    from sandbox.client.connections import Connection, IbmConnection, OciConnection, SesConnection, SmtpConnection
    from sandbox.client.errors import (
        ApiError,
        ClientError,
        ContentError,
        NoMessageError,
        NotIdleError,
        UnexpectedMessageError,
        UnreachableError,
    )
    from sandbox.client.forcing import ForcedErrors
    from sandbox.client.messages import Message
    from sandbox.client.objects import CatalogEntry, Fault, Refused, Rule, Session, Simulated
    from sandbox.client.parts import Attachment, Headers
    from sandbox.client.reports import Report

_NAMES = {
    "afterwards": ("Rules",),
    "asynchronous": ("AsyncClient",),
    "client": ("DEFAULT_URL", "Client"),
    "connections": ("Connection", "IbmConnection", "OciConnection", "SesConnection", "SmtpConnection"),
    "errors": (
        "ApiError",
        "ClientError",
        "ContentError",
        "NoMessageError",
        "NotIdleError",
        "UnexpectedMessageError",
        "UnreachableError",
    ),
    "forcing": ("ForcedErrors",),
    "messages": ("Message",),
    "objects": ("CatalogEntry", "Fault", "Refused", "Rule", "Session", "Simulated"),
    "parts": ("Attachment", "Headers"),
    "reports": ("Report",),
}
"""Public names by their module, which is imported when one of them is first used."""
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "DEFAULT_URL",
    "ApiError",
    "AsyncClient",
    "Attachment",
    "CatalogEntry",
    "Client",
    "ClientError",
    "Connection",
    "ContentError",
    "Fault",
    "ForcedErrors",
    "Headers",
    "IbmConnection",
    "Message",
    "NoMessageError",
    "NotIdleError",
    "OciConnection",
    "Refused",
    "Report",
    "Rule",
    "Rules",
    "SesConnection",
    "Session",
    "Simulated",
    "SmtpConnection",
    "UnexpectedMessageError",
    "UnreachableError",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
