"""A sandbox that stops closes everything that it accepted, whatever its clients are doing, and waits for none for long."""

import asyncio
import gc
import socket
import ssl
import warnings
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from sandbox.app import Sandbox
from sandbox.wire.closing import stop_listening

STATUS = b"GET /sandbox/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE = 30


def connect(place):
    """A connection to a URL's server, or to an entry of the ready file."""
    port = urlsplit(place).port if isinstance(place, str) else place["port"]
    return closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))


def hello(ready):
    """The first words of a TLS client."""
    out = ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=ready["ca_file"]).wrap_bio(
        ssl.MemoryBIO(), out, server_hostname="localhost"
    )
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()


def half_shaken(ready, clients):
    """TLS clients that fall silent in their handshake, one after the server's part of it, one before."""
    for place in (ready["https"], next(entry for entry in ready["oci"]["smtp"] if entry["tls"] == "implicit")):
        answered, unfinished = (clients.enter_context(connect(place)) for _ in range(2))
        answered.sendall(hello(ready))
        assert answered.recv(1)
        unfinished.sendall(hello(ready)[:20])


def kept_alive(ready, clients):
    """HTTP clients that keep their connection for later, and say no goodbye."""
    context = ssl.create_default_context(cafile=ready["ca_file"])
    plain = clients.enter_context(connect(ready["http"]))
    secure = context.wrap_socket(clients.enter_context(connect(ready["https"])), server_hostname="localhost")
    for client in (plain, clients.enter_context(secure)):
        client.sendall(STATUS)
        assert client.recv(12) == b"HTTP/1.1 200"


def uploading(ready, clients):
    """An HTTP client that has not sent what it promised."""
    client = clients.enter_context(connect(ready["http"]))
    client.sendall(
        b"POST /sandbox/v1/reset HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    )
    assert client.recv(12) == b"HTTP/1.1 100"


def asking(ready, clients):
    """DNS clients: one asked and stays, one has said half of its question, and some have just come."""
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"
    for said in (question, question[:9]):
        client = clients.enter_context(connect(ready["dns"]))
        client.sendall(len(question).to_bytes(2) + said)
    for _ in range(10):
        clients.enter_context(connect(ready["dns"]))


def just_come(ready, clients):
    """Clients of every listener that are perhaps accepted, perhaps not."""
    for _ in range(5):
        for place in (ready["http"], ready["https"], ready["dns"], *ready["oci"]["smtp"]):
            clients.enter_context(connect(place))


@pytest.mark.parametrize("crowd", [half_shaken, kept_alive, uploading, asking, just_come])
def test_nothing_stays_open_after_a_stop(crowd, caplog):
    gc.collect()  # what others left is not ours
    with ExitStack() as clients, warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        with Sandbox() as sandbox:
            sandbox.call(sandbox.runtime.warm_up())
            crowd(sandbox.ready, clients)
        del sandbox
        gc.collect()
    assert [str(one.message) for one in left] == []
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("turns", range(5))
def test_a_client_who_is_being_taken_in_at_the_stop_is_not_left_open(turns):
    told = []

    async def story():
        loop = asyncio.get_running_loop()
        loop.set_debug(True)  # else it keeps quiet about clients that it could not take in
        loop.set_exception_handler(lambda _, context: told.append(context))
        taken = []
        server = await asyncio.start_server(lambda _, writer: taken.append(writer), "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            for _ in range(turns):
                await asyncio.sleep(0)
            await stop_listening(server)
            for writer in taken:
                writer.transport.abort()
            await asyncio.sleep(0)
        return len(taken)

    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        assert asyncio.run(story()) == (turns > 1)  # the loop has to see the client, and to take it in
        gc.collect()
    assert [str(one.message) for one in left] == []
    assert told == []
