"""What a forced disturbance does to an SMTP session."""

from __future__ import annotations

from typing import Protocol

from sandbox.core.chaos import Action, Disturbance
from sandbox.core.transcript import Transcript


class DroppedError(ConnectionError):
    """The connection is cut on purpose."""


class Disturbed(Protocol):
    """What a session lets be done to its connection."""

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while; raises `StoppingError` when the listener is closed meanwhile."""
        ...

    def slow_down(self, rate: int) -> None:
        """Carry no more than `rate` octets a second from now on, in each direction."""
        ...

    def mute(self) -> None:
        """Cut the connection where the next reply would be sent."""
        ...

    def spoil_handshake(self) -> None:
        """Let the next TLS handshake fail."""
        ...


async def disturb(wire: Disturbed, transcript: Transcript, found: Disturbance) -> None:
    """Do it, and say in the transcript that it was forced; raises `DroppedError` when it ends the session."""
    transcript.said("sandbox", f"forced: {found}")
    match found.action:
        case Action.DELAY:
            await wire.wait(found.seconds)
        case Action.THROTTLE:
            wire.slow_down(found.bytes_per_second)
        case Action.DROP_BEFORE:
            raise DroppedError("the connection was cut, as forced")
        case Action.DROP_AFTER:
            wire.mute()
        case Action.TLS_HANDSHAKE:
            wire.spoil_handshake()
