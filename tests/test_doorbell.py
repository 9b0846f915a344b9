"""Services that are loaded by their first client: it waits, others wait with it, and what fails is tried again."""

import asyncio
import socket
import threading

import pytest

from sandbox.app import doorbell
from sandbox.app.binding import bind, bind_both
from sandbox.app.doorbell import Doorbell


class Echo:
    """Says what it is told; counts how often it was loaded, opened and closed."""

    def __init__(self, server, failures=0):
        self.server, self.failures = server, failures
        self.loaded, self.opened, self.closed = [], 0, 0

    def load(self):
        self.loaded.append(threading.current_thread())
        if len(self.loaded) <= self.failures:
            raise OSError("no descriptors are left")
        return self.serve

    async def serve(self):
        self.opened += 1
        self.listening = await asyncio.start_server(self.talk, sock=self.server)
        return self

    async def talk(self, reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def close(self):
        self.closed += 1
        self.listening.close()


async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"hello\n")
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    await writer.wait_closed()
    return answer


async def until(met):
    async with asyncio.timeout(60):
        while not met():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)


def ringing(failures=0):
    server = bind("test", "127.0.0.1", 0, "--port-test")
    echo = Echo(server, failures)
    return Doorbell("test", [server], echo.load), echo, server.getsockname()[1]


def test_the_first_clients_wait_until_the_service_is_loaded_once():
    async def walk():
        bell, echo, port = ringing()
        bell.watch()
        await asyncio.sleep(0)
        assert not echo.loaded
        assert await asyncio.gather(*(ask(port) for _ in range(20))) == [b"hello\n"] * 20
        assert await ask(port) == b"hello\n"
        await bell.close()
        return echo

    echo = asyncio.run(walk())
    assert (len(echo.loaded), echo.opened, echo.closed) == (1, 1, 1)
    assert echo.loaded[0] is not threading.main_thread()


def test_a_service_can_be_opened_before_anybody_comes():
    async def walk():
        bell, echo, port = ringing()
        bell.watch()
        await asyncio.gather(bell.open(), bell.open())
        assert echo.opened == 1
        assert await ask(port) == b"hello\n"
        await bell.close()

    asyncio.run(walk())


def test_what_can_not_be_loaded_is_tried_again_while_the_client_waits(monkeypatch, caplog):
    monkeypatch.setattr(doorbell, "AGAIN_SECONDS", 0.01)

    async def walk():
        bell, echo, port = ringing(failures=2)
        bell.watch()
        assert await ask(port) == b"hello\n"
        await bell.close()
        return echo

    assert len(asyncio.run(walk()).loaded) == 3
    assert [record.message for record in caplog.records] == ["test can't be served; trying again"] * 2


@pytest.mark.parametrize("clients", [0, 1])
def test_it_closes_before_or_while_the_service_is_loaded(clients):
    async def walk():
        bell, echo, port = ringing()
        go_on = threading.Event()
        load = echo.load

        def slowly():
            go_on.wait(60)
            return load()

        bell = Doorbell("test", [echo.server], slowly)
        bell.watch()
        waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
        if clients:
            await until(lambda: bell._opening is not None)
        closing = asyncio.ensure_future(bell.close())
        await asyncio.sleep(0)
        go_on.set()
        await closing
        for one in waiting:
            with one, pytest.raises(ConnectionResetError):
                one.recv(1)
        assert echo.opened == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    asyncio.run(walk())


def test_nothing_is_tried_again_after_it_was_closed():
    async def walk():
        bell, echo, port = ringing(failures=99)
        bell.watch()
        with socket.create_connection(("127.0.0.1", port)):
            await until(lambda: bell._again is not None)
        await bell.close()
        assert len(echo.loaded) == 1

    asyncio.run(walk())


def test_a_datagram_rings_too():
    async def walk():
        stream, datagram = bind_both("test", "127.0.0.1", 0, "--port-test")
        assert stream.getsockname() == datagram.getsockname()
        echo = Echo(stream)
        bell = Doorbell("test", [stream, datagram], echo.load)
        bell.watch()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"hello", datagram.getsockname())
        await until(lambda: bell.service is not None)
        assert datagram.recv(10) == b"hello"
        await bell.close()

    asyncio.run(walk())


def test_where_the_loop_can_not_watch_sockets_the_service_is_opened_at_once(monkeypatch):
    async def walk():
        loop = asyncio.get_running_loop()

        def refuse(*_):
            raise NotImplementedError

        bell, echo, port = ringing()
        monkeypatch.setattr(loop, "add_reader", refuse)
        bell.watch()
        monkeypatch.undo()
        await bell.open()
        assert echo.opened == 1
        assert await ask(port) == b"hello\n"
        await bell.close()

    asyncio.run(walk())
