"""What a message consists of besides its text: header fields and attached or embedded files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from sandbox.client.errors import tells_all
from sandbox.client.transport import Transport

__tracebackhide__ = tells_all


class Headers:
    """Header fields in order; `headers["Subject"]` finds the first, whatever its case."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def __getitem__(self, name: str) -> str:
        found = self.all(name)
        if not found:
            raise KeyError(name)
        return found[0]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.all(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return [value for known, value in self._pairs if known.lower() == name.lower()]

    def first(self, name: str, default: str = "") -> str:
        """The first value of a field, or `default`."""
        return next(iter(self.all(name)), default)


class Attachment:
    """A part of a message that is not its text."""

    def __init__(self, transport: Transport, message: str, data: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = f"/messages/{message}/parts/{data['n']}"
        self.filename: str = data.get("filename") or ""
        self.content_type: str = data.get("content_type") or "application/octet-stream"
        self.content_id: str = (data.get("content_id") or "").strip("<>")
        """What `cid:` in the HTML names it by; empty for one that is not embedded."""
        self.disposition: str = data.get("disposition") or ""
        self.size: int = int(data.get("size") or 0)

    def __repr__(self) -> str:
        return f"Attachment({self.filename!r}, {self.content_type!r}, {self.size} bytes)"

    @cached_property
    def content(self) -> bytes:
        """The decoded octets."""
        return self._transport.octets(self._path)
