"""HTTP APIs: one wrapper around every operation of every provider."""

from __future__ import annotations

from sandbox.wire.http.api import Api, Edge, Operation
from sandbox.wire.http.exchange import Exchange

__all__ = ["Api", "Edge", "Exchange", "Operation"]
