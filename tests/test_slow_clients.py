"""Clients that send or read a few octets at a time, or nothing: cut off by a least rate, while honest slow ones are served."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest
import window_mail
from dialogues import settings_of
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.core import events as core_events
from sandbox.wire.pace import Pace

PATIENCE = 120.0
HASTY = 'http_timeout = 0.4\nleast_rate = 100000\nlimits = "unlimited"\nmax_message_bytes = 20000000'
"""Whoever is slower than 100 kB a second is cut off, after 0.4 seconds."""
CALM = "http_timeout = 1.0\nleast_rate = 1\nmax_message_bytes = 20000000"
"""Each octet earns a second, so only silence is cut off."""
LARGE = 12_000_000


def test_what_came_quickly_earns_nothing_for_later():
    pace = Pace(10, 100, now=0)
    for now in range(5):
        pace.moved(100_000, now)
    assert not pace.late(4 + 10 + 1000)
    assert pace.late(4 + 10 + 1000.1)
    pace.moved(100, now=2000)
    assert pace.late(2011.5)


def test_a_pace_puts_its_end_off_by_what_comes():
    pace = Pace(10, 100, now=0)
    for now in range(9, 100, 9):
        assert not pace.late(now)
        pace.moved(900, now)
    assert pace.late(99 + 10 + 9.1)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(settings_of(HASTY)) as running:
        yield running


@pytest.fixture(scope="module")
def calm():
    with Sandbox(settings_of(CALM)) as running:
        yield running


@contextmanager
def connected(sandbox, name="http", room=None):
    """A connection to a listener; `room` bounds what the client's system takes before the client reads it."""
    at = urlsplit(sandbox.ready[name])
    connection = socket.socket()
    if room is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", at.port))
    if name == "https":
        context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
        connection = context.wrap_socket(connection, server_hostname="localhost")
    with closing(connection):
        yield connection


def drip(connection, octets, pause=0.03):
    """Send an octet at a time until there are none or nobody takes them."""
    for octet in octets:
        try:
            connection.sendall(bytes([octet]))
        except OSError:
            return
        time.sleep(pause)


def last_words(connection):
    """What is said until the end of the connection, which has to come."""
    said = b""
    try:
        while octets := connection.recv(65_536):
            said += octets
    except ConnectionError:  # cut off, with something of the client's unread
        pass
    return said


def open_connections(sandbox):
    """How many HTTP connections the sandbox holds."""
    opened = [bell.service for bell in sandbox.runtime._network._http if bell.service is not None]
    return sum(len(one._server.server_state.connections) for one in opened)


def let_go(sandbox, count=0):
    """Wait until the sandbox holds no more connections than `count`, which has to happen."""
    deadline = time.monotonic() + PATIENCE
    while open_connections(sandbox) > count and time.monotonic() < deadline:
        time.sleep(0.02)
    return open_connections(sandbox) <= count


@pytest.mark.parametrize("name", ["http", "https"])
def test_a_client_that_asks_for_nothing_is_let_go(sandbox, name):
    with connected(sandbox, name) as connection:
        assert last_words(connection) == b""


@pytest.mark.parametrize("name", ["http", "https"])
@pytest.mark.parametrize("before", [b"", b"GET /sandbox/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_head_that_comes_an_octet_at_a_time(sandbox, name, before):
    """On a new connection, and on one that was used before."""
    with connected(sandbox, name) as connection:
        if before:
            connection.sendall(before)
            assert connection.recv(100_000).startswith(b"HTTP/1.1 200 ")
        drip(connection, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 30)
        assert b"HTTP/1.1 408 Request Timeout\r\n" in last_words(connection)


@pytest.mark.parametrize("path", ["/20220926/actions/submitRawEmail", "/sandbox/v1/messages"])
def test_a_body_that_comes_an_octet_at_a_time(sandbox, path):
    with connected(sandbox) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        connection.sendall(head.encode())
        drip(connection, b"x" * 60)
        assert b"HTTP/1.1 408 Request Timeout\r\n" in last_words(connection)


def test_a_slow_but_steady_request_is_served(calm):
    with connected(calm) as connection:
        drip(connection, b"GET /sandbox/v1/status HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        drip(connection, b"PATCH /sandbox/v1/messages/none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\n")
        drip(connection, b'{"read": true}'.ljust(60))
        said = b""
        while b"there is no message" not in said:
            said += connection.recv(10_000)


def large_message(sandbox):
    line = b"x" * 98 + b"\r\n"
    raw = b"From: noreply@example.com\r\nSubject: large\r\n\r\n" + line * (LARGE // len(line))
    return window_mail.post(sandbox, raw), raw


@pytest.fixture(scope="module")
def download(sandbox):
    """The request for a large answer."""
    name, _ = large_message(sandbox)
    return f"GET /sandbox/v1/messages/{name}/raw HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@pytest.mark.parametrize("name", ["http", "https"])
def test_an_answer_that_nobody_reads(sandbox, name, download):
    assert let_go(sandbox)
    with connected(sandbox, name, room=4096) as connection:
        connection.sendall(download)
        assert connection.recv(10) == b"HTTP/1.1 2"
        assert let_go(sandbox)


def test_an_answer_that_is_read_a_few_octets_at_a_time(sandbox, download):
    assert let_go(sandbox)
    with connected(sandbox, room=4096) as connection:
        connection.sendall(download)
        began, taken = time.monotonic(), 0
        while open_connections(sandbox) and time.monotonic() - began < PATIENCE:
            taken += len(connection.recv(20))
            time.sleep(0.01)
        assert not open_connections(sandbox)
        assert taken < LARGE // 2


def test_many_requests_of_which_nobody_reads_the_answers(sandbox, download):
    assert let_go(sandbox)
    with connected(sandbox, room=4096) as connection:
        connection.sendall(download * 50)
        assert let_go(sandbox)


def test_a_slow_but_steady_reader_gets_all_of_a_large_answer(calm):
    name, raw = large_message(calm)
    with connected(calm, room=65_536) as connection:
        connection.sendall(f"GET /sandbox/v1/messages/{name}/raw HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        taken, began = b"", time.monotonic()
        while len(taken) < len(raw) or time.monotonic() - began < 2.0:
            taken += connection.recv(200_000) if len(taken) < len(raw) else b""
            time.sleep(0.02)
    assert taken.endswith(raw)


@pytest.mark.parametrize("name", ["http", "https"])
def test_a_follower_of_the_events_that_never_reads(sandbox, name, monkeypatch):
    """It is dropped once it is too far behind, and then its connection goes as well.

    Under TLS the last octets wait where nobody can see them: there the connection goes like any that is not used.
    """
    monkeypatch.setattr(core_events, "BACKLOG", 100)
    assert let_go(sandbox)
    stream = sandbox.runtime.services.stream
    with connected(sandbox, name, room=4096) as connection:
        connection.sendall(b"GET /sandbox/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        while b"retry: " not in said:
            said += connection.recv(1000)
        deadline = time.monotonic() + PATIENCE
        while stream._subscriptions and time.monotonic() < deadline:
            window_mail.post(sandbox, subject="x" * 900)
        assert not stream._subscriptions
        assert name == "https" or let_go(sandbox)


def test_a_quiet_follower_stays(calm):
    """Nothing to read is nothing to be slow at."""
    with connected(calm) as connection:
        connection.sendall(b"GET /sandbox/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
        time.sleep(1.5)
        window_mail.post(calm)
        said = b""
        while b"message.accepted" not in said:
            said += connection.recv(10_000)


def test_replies_that_are_read_a_few_octets_at_a_time():
    """SMTP: a client that sends commands all the time, and takes the replies too slowly."""
    with Sandbox(settings_of("idle_timeout = 0.5")) as sandbox:
        client = Client(sandbox, room=4096)
        client.socket.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        began, ended = time.monotonic(), False
        while not ended and time.monotonic() - began < PATIENCE:
            try:
                client.socket.send(b"NOOP\r\n" * 10_000)
            except BlockingIOError:
                pass
            except ConnectionError:
                ended = True
            try:
                client.socket.recv(20)
            except BlockingIOError:
                pass
            except ConnectionError:
                ended = True
            time.sleep(0.005)
        client.close()
        assert ended


def test_data_after_a_quick_beginning_is_held_to_the_rate_too():
    """What came quickly earns no hours for a drip."""
    with Sandbox(settings_of('idle_timeout = 0.5\nleast_rate = 100000\nlimits = "unlimited"')) as sandbox:
        client = Client(sandbox).login().envelope()
        assert client.say("DATA").startswith(b"354 ")
        client.send(b"x" * 98 + b"\r\n")
        for _ in range(18):
            client.send((b"x" * 998 + b"\r\n") * 100)
        said = client.drip(0.05)
        client.close()
        assert said == b"421 Timeout waiting for data from client\r\n"
