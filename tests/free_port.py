"""Ports for programs that have to be told one: from outside the range from which the system gives any out meanwhile."""

import os
import socket
from itertools import cycle, islice

BELOW = range(20_000, 30_000)


def free_port():
    """A port of 127.0.0.1 that nobody listens on; processes that run at the same time begin to look at different places."""
    begin = os.getpid() * 97 % len(BELOW)
    for port in islice(cycle(BELOW), begin, begin + len(BELOW)):
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
