"""Reading messages for search: in another process, within a budget, and never at others' cost."""

import asyncio
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from dialogues import settings_of
from plain_provider import message as record_of
from smtp_wire import Client, stored

from sandbox.app import Sandbox
from sandbox.core import reading_process
from sandbox.core.digesting import digest
from sandbox.core.indexing import BATCH, FEW, Indexer
from sandbox.core.reading_process import ClosedError, OverBudgetError, ReadingProcess
from sandbox.core.store import Store
from sandbox.core.store.messages import EVERY

HEADER = b"From: noreply@example.com\r\nSubject: x\r\n"


@pytest.fixture
def process():
    one = ReadingProcess(20.0)
    yield one
    one.close()


def message(n):
    return (n, HEADER + b"Content-Type: text/plain; charset=utf-8\r\n\r\ngr\xc3\xbc\xc3\x9fe %d\r\n" % n)


def test_the_other_process_reads_what_this_one_would(process):
    batch = [message(n) for n in range(40)] + [(99, HEADER + b"\r\n\xff\xfe\r\n"), (100, b"")]
    assert process.read(batch) == [digest(seq, raw) for seq, raw in batch]
    assert process.read(batch[:1]) == [digest(*batch[0])]


def test_what_takes_too_long_ends_and_the_next_is_read_by_another_process():
    slow = ReadingProcess(120.0)
    try:
        assert slow.read([message(1)])
        slow._seconds = 0.3
        first = slow._process
        first.send_signal(19)  # SIGSTOP: it will never answer
        began = time.monotonic()
        with pytest.raises(OverBudgetError, match="too much time or memory"):
            slow.read([message(2)])
        assert time.monotonic() - began < 100
        assert first.poll() is not None
        slow._seconds = 120.0
        assert slow.read([message(3)]) == [digest(*message(3))]
    finally:
        slow.close()
    with pytest.raises(ClosedError):
        slow.read([message(4)])


def test_a_process_that_starts_while_the_sandbox_stops_does_not_stay(process, monkeypatch):
    """The stop comes from another thread, in the moment in which there is no process yet."""
    started, popen = [], subprocess.Popen

    def start(*arguments, **options):
        process.close()
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(ClosedError):
        process.read([message(1)])
    assert started[0].poll() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_the_process_has_a_limit_of_processor_time(process, monkeypatch):
    """However long the machine lets it wait for a processor."""
    code = (
        "from sandbox.core import digesting, reading_process as r; r.PROCESSOR_SECONDS = 0.2\n"
        "def endless(*_):\n while True: pass\n"
        "digesting.digest = endless; r.main()"
    )
    popen = subprocess.Popen
    monkeypatch.setattr(
        reading_process.subprocess, "Popen", lambda _, **more: popen([sys.executable, "-c", code], **more)
    )
    with pytest.raises(OverBudgetError, match="too much time or memory"):
        process.read([message(1)])


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_the_process_has_a_limit_of_memory(process, monkeypatch):
    """A request that needs more than it may have ends the process, not the sandbox."""
    code = "from sandbox.core import reading_process as r; r.MEMORY = 200_000_000; r.main()"
    popen = subprocess.Popen
    monkeypatch.setattr(
        reading_process.subprocess,
        "Popen",
        lambda _, **more: popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, **more),
    )
    with pytest.raises(OverBudgetError, match="too much time or memory"):
        process.read([(1, b"x" * 300_000_000)])


def test_the_process_says_nothing_when_the_sandbox_was_killed():
    command = [sys.executable, "-m", "sandbox.core.reading_process"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.close()
    _, said = child.communicate(b"".join(_framed([(1, message(1)[1])])), timeout=60)
    assert (child.returncode, said) == (0, b"")


def _framed(batch):
    request = reading_process._request(batch)
    return [reading_process._LENGTH.pack(sum(map(len, request))), *request]


def test_a_message_over_budget_is_found_by_its_headers_and_says_why(monkeypatch):
    """The others of its batch are read all the same."""

    class Weak(ReadingProcess):
        def read(self, batch):
            if any(b"poison" in raw for _, raw in batch):
                raise OverBudgetError("it took more than 3 seconds")
            return super().read(batch)

    with Sandbox(settings_of('limits = "unlimited"')) as sandbox:
        runtime = sandbox.runtime
        runtime.indexer._reader = Weak(120.0)
        monkeypatch.setattr("sandbox.core.indexing.SMALL", 0)
        client = Client(sandbox).login()
        for n in range(FEW + 2):
            body = b"poison" if n == 3 else b"honey"
            assert client.envelope().message(b"%s\r\n%s\r\n" % (HEADER, body)) == b"250 Ok\r\n"
        client.close()
        sandbox.call(runtime.indexer.catch_up())
        snippets = [record.snippet for record, _ in stored(sandbox)]
        assert snippets.count("honey") == FEW + 1
        assert snippets[3] == "(the content is not searched: it took more than 3 seconds)"


def test_who_stops_waiting_for_the_index_leaves_its_round_to_itself(tmp_path):
    """The thread of a round goes on reading; another round must not speak to the same process meanwhile."""
    from plain_provider import message as record

    from sandbox.core.store import Store

    reading, most, told, go_on = 0, 0, threading.Event(), threading.Event()

    class Slow:
        def read(self, batch):
            nonlocal reading, most
            reading += 1
            most = max(most, reading)
            told.set()
            assert go_on.wait(60)
            reading -= 1
            return [digest(seq, raw) for seq, raw in batch]

        def close(self):
            go_on.set()

    async def story():
        store = Store(tmp_path / "store.db")
        for n in range(FEW + 1):
            await store.messages.accept(record(f"m{n}", {"a@x.test": None}), HEADER + b"\r\nhoney\r\n", [])
        indexer = Indexer(store)
        indexer._reader = Slow()
        first = asyncio.create_task(indexer.catch_up())
        await asyncio.to_thread(told.wait, 60)
        first.cancel()
        second = asyncio.create_task(indexer.catch_up())
        await asyncio.wait([second], timeout=0.05)
        go_on.set()
        await second
        await indexer.close()
        assert first.cancelled()
        page = await store.messages.page("default", EVERY)
        await store.close()
        return [one.snippet for one in page.items]

    assert asyncio.run(story()) == ["honey"] * (FEW + 1)
    assert most == 1


def test_of_a_huge_message_only_the_beginning_is_read(tmp_path):
    from plain_provider import message as record

    from sandbox.core.store import Store

    async def story():
        store = Store(tmp_path / "store.db")
        raw = HEADER + b"\r\n" + b"z" * 3_000_000
        for name, octets in (("a", raw), ("b", b"short")):
            await store.messages.accept(replace(record(name, {}), size=len(octets)), octets, [])
        found = await store.index.waiting(10, 1_000_000)
        await store.close()
        return [(seq, len(octets)) for seq, octets in found.messages], found.more

    assert asyncio.run(story()) == ([(1, 1_000_000)], True)


def test_the_process_starts_only_when_there_is_much_to_read():
    with Sandbox(settings_of("")) as sandbox:
        client = Client(sandbox).login()
        assert client.envelope().message(HEADER + b"\r\nshort\r\n") == b"250 Ok\r\n"
        sandbox.call(sandbox.runtime.indexer.catch_up())
        indexer: Indexer = sandbox.runtime.indexer
        assert indexer._reader._process is None
        assert client.envelope().message(HEADER + b"\r\n" + b"long " * 10_000 + b"\r\n") == b"250 Ok\r\n"
        sandbox.call(indexer.catch_up())
        running = indexer._reader._process
        assert running.poll() is None
        client.close()
    assert running.poll() is not None


def test_who_waits_for_the_index_finds_everything_in_it_however_much_that_is():
    async def story():
        store = Store(None, lambda _: None)
        indexer = Indexer(store)
        for number in range(BATCH + 5):
            await store.messages.accept(record_of(f"m{number}", {"a@x.test": 1.0}), HEADER + b"\r\nx\r\n", [])
        await indexer.catch_up()
        left = await store.index.waiting(1, 1000)
        await indexer.close()
        await store.close()
        return left.messages

    assert list(asyncio.run(story())) == []
