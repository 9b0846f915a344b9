"""What a submission says about itself, so that a forced error can be matched with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.faults import FaultContext
from sandbox.core.headers import HeaderBlock, addresses, split
from sandbox.wire.http import Exchange

HEADERS = 262_144
"""Octets of a raw message's header block that are looked at."""


def about(exchange: Exchange, given: Mapping[str, Any]) -> FaultContext:
    """Sender, recipients and subject of any operation that submits mail, as far as its input has them."""
    block = _block(given)
    sender = given.get("FromEmailAddress") or given.get("Source") or (block.first("from") if block else "")
    return FaultContext(
        client=exchange.client,
        user=exchange.user,
        sender=next(iter(addresses(str(sender))), str(sender)),
        recipients=tuple(_recipients(given, block)),
        subject=_subject(given) or (block.decoded("subject") if block else ""),
    )


def _block(given: Mapping[str, Any]) -> HeaderBlock | None:
    raw = _inner(given, "RawMessage", "Data") or _inner(given, "Content", "Raw", "Data")
    try:
        return split(raw, HEADERS) if isinstance(raw, bytes) else None
    except Refusal:
        return None


def _subject(given: Mapping[str, Any]) -> str:
    simple = _inner(given, "Content", "Simple", "Subject", "Data") or _inner(given, "Message", "Subject", "Data")
    return simple if isinstance(simple, str) else ""


def _recipients(given: Mapping[str, Any], block: HeaderBlock | None) -> Iterator[str]:
    named = [given, *_listed(given.get("BulkEmailEntries")), *_listed(given.get("Destinations"))]
    for one in named:
        destination = one.get("Destination") if isinstance(one, dict) else None
        for field in ("ToAddresses", "CcAddresses", "BccAddresses"):
            for text in _listed(destination.get(field)) if isinstance(destination, dict) else ():
                yield from addresses(str(text)) or [str(text)]
        if isinstance(one, str):
            yield one
    if block:
        for field in ("to", "cc", "bcc"):
            for value in block.all(field):
                yield from addresses(value)


def _inner(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
