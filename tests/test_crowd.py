"""A thousand clients that say nothing beside fifty that send: nobody is turned away, and everything is delivered."""

from __future__ import annotations

import os
import socket
import sys
import threading
from contextlib import ExitStack, closing

import httpx
import pytest
from test_smtp_memory import resident
from test_store_faults import Server

from sandbox import Client
from sandbox.app.descriptors import allow_many

IDLE, BUSY, EACH = 1000, 50, 4
ROOM = 20_000
"""Octets of memory that an idle session may take at the most."""


def enough_descriptors():
    """Whether this process may open as many as it needs here."""
    if sys.platform == "win32":
        return False
    import resource

    allow_many()
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] > IDLE + 5 * BUSY


def idle_client(port):
    """A session that was greeted and has said its name."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    assert connection.recv(1000).startswith(b"220 ")
    connection.sendall(b"EHLO idle.example\r\n")
    assert connection.recv(1000).startswith(b"250-")
    return connection


def busy_client(server, number, turned_away):
    with server.connect() as smtp:
        for each in range(EACH):
            status = server.send(smtp, number * EACH + each)
            if status != 250:
                turned_away.append(status)


@pytest.mark.skipif(not enough_descriptors(), reason="this process may not open as many connections as it needs")
def test_fifty_busy_sessions_deliver_everything_beside_a_thousand_idle_ones(tmp_path):
    settings = {"EMAIL_SANDBOX_OCI_MAX_CONNECTIONS": "1100", "EMAIL_SANDBOX_OCI_IDLE_TIMEOUT": "600"}
    with closing(Server(tmp_path, env={**os.environ, **settings})) as server, ExitStack() as crowd:
        port = server.ready["oci"]["smtp"][0]["port"]
        crowd.enter_context(closing(idle_client(port)))
        httpx.get(
            f"{server.ready['http']}/20170907/senders", trust_env=False, timeout=60
        )  # nothing is left to be loaded meanwhile
        before = resident(server.process.pid)
        idle = [crowd.enter_context(closing(idle_client(port))) for _ in range(IDLE)]
        assert (resident(server.process.pid) - before) / IDLE < ROOM
        turned_away = []
        busy = [threading.Thread(target=busy_client, args=(server, number, turned_away)) for number in range(BUSY)]
        for one in busy:
            one.start()
        for one in busy:
            one.join(120)
        assert not turned_away
        assert len(server.acknowledged) == BUSY * EACH
        with Client(server.ready["http"]) as client:
            assert client.wait(count=BUSY * EACH, timeout=60)
            assert client.status()["counts"]["outcomes"] == {"delivered": BUSY * EACH}
        for one in idle:
            one.sendall(b"NOOP\r\n")
        assert all(one.recv(100) == b"250 Ok\r\n" for one in idle)
        assert server.stop()[0] == 0
        server.check()
