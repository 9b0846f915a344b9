"""A process that reads messages for search, so that no message keeps the sandbox's own from its work.

Both ends are here. A frame is its length in eight octets and then its content. A request is a count, and for each
message its number, its length and its octets; the answer is JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO

from sandbox.core.store.index import Digest

MEMORY = 1_073_741_824
"""Octets of address space that the process may take."""
NICE = 5
"""How far the process steps back when the processors are busy."""
PROCESSOR_SECONDS = 3.0
"""Processor time that one request may take, which is the same on a busy machine; POSIX only."""
_LENGTH = struct.Struct(">Q")
_ITEM = struct.Struct(">QQ")


class OverBudgetError(Exception):
    """The messages could not be read within the time and memory that they may cost; the text says why."""


class ClosedError(Exception):
    """The sandbox stops."""


class ReadingProcess:
    """The sandbox's end; `read` may be called from any one thread at a time."""

    def __init__(self, seconds: float) -> None:
        """`seconds` is how long one call of `read` may take."""
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def read(self, batch: Sequence[tuple[int, bytes]]) -> list[Digest]:
        """The digests of messages given as (number, octets).

        Raises `OverBudgetError`; the process is gone then, and the next call starts another. `OSError` when there is
        none to be had, `ClosedError` after `close`.
        """
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(self._seconds, process.kill)
        late.start()
        try:
            _send(process.stdin, _request(batch))
            answer = _receive(process.stdout)
        except (OSError, ValueError):  # it is gone, or was closed meanwhile
            answer = None
        finally:
            late.cancel()
        if self._closed:
            raise ClosedError
        if answer is None:
            self._discard()
            raise OverBudgetError("it took too much time or memory")
        return [Digest(**found) for found in json.loads(answer)]

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise ClosedError
        if self._process is None:
            paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109 - as Python means it
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.core.reading_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": paths},
            )
        started = self._process
        if self._closed:  # meanwhile, by another thread, which saw no process
            self._discard()
            raise ClosedError
        return started

    def close(self) -> None:
        """End the process, in the middle of a message if need be."""
        self._closed = True
        self._discard()

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


def _request(batch: Sequence[tuple[int, bytes]]) -> list[bytes]:
    parts = [_LENGTH.pack(len(batch))]
    for seq, raw in batch:
        parts += [_ITEM.pack(seq, len(raw)), raw]
    return parts


def _send(pipe: IO[bytes], parts: Sequence[bytes]) -> None:
    pipe.write(_LENGTH.pack(sum(map(len, parts))))
    for part in parts:
        pipe.write(part)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """The next frame; None at the end."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = pipe.read(length)
    return content if len(content) == length else None


def _batch(request: bytes) -> list[tuple[int, bytes]]:
    (count,), at = _LENGTH.unpack_from(request), _LENGTH.size
    found = []
    for _ in range(count):
        seq, length = _ITEM.unpack_from(request, at)
        at += _ITEM.size
        found.append((seq, request[at : at + length]))
        at += length
    return found


def _limit() -> None:
    """Take less than others: processor time when there is little, memory never too much."""
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
        import resource  # noqa: PLC0415 - POSIX only

        os.nice(NICE)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    """Answer requests until there are none."""
    import signal  # noqa: PLC0415 - the parent's end needs none

    from sandbox.core.digesting import digest  # noqa: PLC0415 - nor this

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sandbox, which ends this process
    _limit()
    while (request := _receive(sys.stdin.buffer)) is not None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)  # its signal ends the process
        found = [asdict(digest(seq, raw)) for seq, raw in _batch(request)]
        try:
            _send(sys.stdout.buffer, [json.dumps(found).encode()])
        except BrokenPipeError:  # the sandbox was killed: nobody is left to be told, not even with a traceback
            os._exit(0)


if __name__ == "__main__":
    main()
