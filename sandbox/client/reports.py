"""Bounces, delay warnings, complaints and automatic replies as objects, as their recipient would get them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.client.transport import Transport

if TYPE_CHECKING:
    from email.message import EmailMessage


class Report:
    """One report: what it is about comes at once, its octets when first asked for."""

    def __init__(self, transport: Transport, data: Mapping[str, Any]) -> None:
        self._transport = transport
        self.id: str = data["id"]
        self.message: str = data["message"]
        """Id of the message that it is about."""
        self.kind: str = data["kind"]
        self.sender: str = data["sender"]
        self.recipient: str = data["recipient"]
        """Where it goes: the return path, or the feedback address."""
        self.about: list[str] = list(data["about"])
        """The recipients of the message that it speaks of."""
        self.created: str = data["created"]

    def __repr__(self) -> str:
        return f"Report({self.kind!r}, to={self.recipient!r}, about={', '.join(self.about)!r})"

    @cached_property
    def raw(self) -> bytes:
        """The octets."""
        return self._transport.octets(f"/reports/{self.id}/raw")

    @cached_property
    def email(self) -> EmailMessage:
        """The report as Python's own object."""
        from email import message_from_bytes, policy  # noqa: PLC0415 - waits until it is asked for

        return message_from_bytes(self.raw, policy=policy.default)

    def load(self) -> Report:
        """Fetch everything now; returns the same object."""
        _ = self.raw
        return self
