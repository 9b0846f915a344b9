"""One HTTP connection in octets: what is taken for a request, what is refused, and how answers go out."""

import asyncio
import socket
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from sandbox.app import Sandbox
from sandbox.settings import Settings
from sandbox.wire.http.connection import HEADER_BYTES, LARGE, _Joined

CLOCK = "/sandbox/v1/clock"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Settings(data=":memory:", ports="auto")) as running:
        yield running


@contextmanager
def connected(sandbox):
    place = urlsplit(sandbox.url)
    with socket.create_connection((place.hostname, place.port), timeout=20) as client, client.makefile("rb") as stream:
        yield client, stream


def request(target, *lines, method="GET"):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode("latin-1")


def answer(stream):
    """(status, headers in lower case, body) of the next answer."""
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, stream.read(int(headers.get("content-length", 0)))


def transcripts(sandbox):
    """The first lines of what clients said in the API calls so far."""
    sessions = sandbox.runtime.services.sessions
    store = sandbox.runtime.services.store
    records = [*sessions.all("default"), *sandbox.call(store.sessions.page("default"))]
    return [line["text"] for record in records for line in record.lines if line["side"] == "client"]


def test_many_requests_on_one_connection_and_at_once(sandbox):
    with connected(sandbox) as (client, stream):
        client.sendall(request(CLOCK))
        assert answer(stream)[0] == 200
        client.sendall(request(CLOCK) + request("/nothing-here") + request(CLOCK))
        assert [answer(stream)[0] for _ in range(3)] == [200, 404, 200]


def test_a_small_answer_is_one_packet(sandbox):
    with connected(sandbox) as (client, _):
        client.sendall(request(CLOCK))
        octets = client.recv(65_536)
        head, _, body = octets.partition(b"\r\n\r\n")
        assert b"content-length: %d" % len(body) in head.lower()
        assert len(body) > 10


class Pipe:
    """A transport that takes everything."""

    def __init__(self):
        self.writes = []

    def write(self, octets):
        self.writes.append(bytes(octets))


def test_what_is_written_in_one_turn_is_joined_but_never_much_held_back():
    pieces = [bytes([number]) * 20_000 for number in range(20)] + [b"x" * 2 * LARGE, b"the", b" end"]

    async def story():
        pipe = Pipe()
        joined = _Joined(pipe, asyncio.get_running_loop())
        for number, piece in enumerate(pieces, 1):
            joined.write(piece)
            assert sum(map(len, pieces[:number])) - sum(map(len, pipe.writes)) <= LARGE
        await asyncio.sleep(0)
        return pipe.writes

    writes = asyncio.run(story())
    assert b"".join(writes) == b"".join(pieces)
    assert writes[-1] == b"the end"


def test_the_stream_of_events_begins_without_waiting_for_one(sandbox):
    with connected(sandbox) as (client, stream):
        client.sendall(request("/sandbox/v1/stream", "Accept: text/event-stream"))
        assert stream.readline().startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "octets",
    [
        b"nonsense\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA b: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: \0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_request_gets_400_and_the_end(sandbox, octets):
    with connected(sandbox) as (client, stream):
        client.sendall(octets)
        status, headers, _ = answer(stream)
        assert (status, headers["connection"]) == (400, "close")
        assert stream.read() == b""


def test_a_long_head_is_taken_up_to_the_limit(sandbox):
    with connected(sandbox) as (client, stream):
        client.sendall(request(CLOCK, *(f"X-{number}: {'v' * 1000}" for number in range(60))))
        assert answer(stream)[0] == 200


def endless(kind):
    """The beginning of a request, and what comes after it without an end."""
    begun = request(CLOCK)[:-2]
    return {
        "headers": (begun, lambda number: b"X-%d: %s\r\n" % (number, b"v" * 1000)),
        "a header": (begun + b"X: ", lambda _: b"v" * 1000),
        "a name": (begun, lambda _: b"n" * 1000),
        "a target": (b"GET /", lambda _: b"t" * 1000),
        "a chunk's extension": (
            request("/20220926/actions/submitEmail", "Transfer-Encoding: chunked", method="POST") + b"3;",
            lambda _: b"x" * 1000,
        ),
        "a trailer": (
            request("/20220926/actions/submitEmail", "Transfer-Encoding: chunked", method="POST") + b"0\r\nT: ",
            lambda _: b"x" * 1000,
        ),
    }[kind]


@pytest.mark.parametrize("kind", ["headers", "a header", "a name", "a target", "a chunk's extension", "a trailer"])
def test_nothing_is_read_without_an_end(sandbox, kind):
    begun, more = endless(kind)
    with connected(sandbox) as (client, _):
        client.sendall(begun)
        sent = 0
        with pytest.raises(OSError, match=r"."):
            while sent < 100 * HEADER_BYTES:
                sent += client.send(more(sent))
        assert sent < 100 * HEADER_BYTES


def test_a_trailer_is_no_header(sandbox):
    body = b"3\r\nabc\r\n0\r\nOpc-Request-Id: from-the-trailer\r\n\r\n"
    with connected(sandbox) as (client, stream):
        client.sendall(request("/20220926/actions/submitEmail", "Transfer-Encoding: chunked", method="POST") + body)
        status, headers, _ = answer(stream)
        assert status == 401
        assert not headers["opc-request-id"].startswith("from-the-trailer")


def test_the_target_is_kept_as_it_came(sandbox):
    """Signatures are made of it; SDKs join base and path carelessly."""
    target = "//20220926//senders%2Fa?b=%20&c="
    with connected(sandbox) as (client, stream):
        client.sendall(request(target, "X-Padded:  a b \t "))
        assert answer(stream)[0] in (401, 404)
    said = next(text for text in transcripts(sandbox) if text.startswith(f"GET {target}\n"))
    assert "x-padded: a b\n" in said + "\n"


def test_nobody_can_say_that_somebody_else_called(sandbox):
    """The inspection API counts wrong log-ins by address."""
    with connected(sandbox) as (client, stream):
        client.sendall(request("/20170907/senders", "X-Forwarded-For: 192.0.2.7", "Opc-Request-Id: forwarded"))
        assert answer(stream)[0] == 401
    services = sandbox.runtime.services
    records = [*services.sessions.all("default"), *sandbox.call(services.store.sessions.page("default"))]
    assert records
    assert all(record.client.startswith("127.0.0.1:") for record in records)


def test_a_client_may_wait_for_leave_to_send_its_body(sandbox):
    with connected(sandbox) as (client, stream):
        client.sendall(
            request("/20220926/actions/submitEmail", "Expect: 100-continue", "Content-Length: 2", method="POST")
        )
        assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert stream.readline() == b"\r\n"
        client.sendall(b"{}")
        assert answer(stream)[0] == 401


def test_old_clients_get_one_answer(sandbox):
    with connected(sandbox) as (client, stream):
        client.sendall(request(CLOCK).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert answer(stream)[0] == 200
        assert stream.read() == b""
