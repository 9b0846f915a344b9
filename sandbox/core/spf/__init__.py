"""Sender Policy Framework (RFC 7208): may this address send mail for that domain? Evaluated against any `Lookup`."""

from sandbox.core.spf.evaluation import LOOKUPS, VOID_LOOKUPS, Sender, SpfAnswer, check_host
from sandbox.core.spf.record import Mechanism, Record, SpfSyntaxError, parse

__all__ = [
    "LOOKUPS",
    "VOID_LOOKUPS",
    "Mechanism",
    "Record",
    "Sender",
    "SpfAnswer",
    "SpfSyntaxError",
    "check_host",
    "parse",
]
