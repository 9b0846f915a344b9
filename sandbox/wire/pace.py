"""The least pace of a client whose turn it is to send, or to take, many octets."""

from __future__ import annotations

import socket

UNSENT = 65_536
"""Octets that may wait in the system, for each connection, until its client takes what is on its way."""


class Pace:
    """A deadline that octets put off: a client gets some seconds, and as long as they take at a rate.

    What came quickly earns nothing for later, so that nobody sends much at once and then holds on for hours.
    """

    def __init__(self, seconds: float, rate: float, now: float) -> None:
        """`rate` is octets a second; `now` and all times are of the loop's clock."""
        self._seconds = seconds
        self._rate = rate
        self._due = now + seconds

    def moved(self, octets: int, now: float) -> None:
        """So many octets came, or went."""
        self._due = min(self._due, now + self._seconds) + octets / self._rate

    def late(self, now: float) -> bool:
        """Whether the client took longer than it may."""
        return now > self._due


def keep_little_waiting(server: socket.socket) -> None:
    """Let little wait in the system for a client that does not read, on each connection of a listening socket.

    Otherwise it takes megabytes, and nobody sees at which pace they go. Where the system has no such option, it does.
    """
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
