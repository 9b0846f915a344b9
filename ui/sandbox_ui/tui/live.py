"""Follows the sandbox's events on a thread of its own: resumes where it was when the sandbox comes back."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from textual.message import Message

from sandbox.client.errors import ClientError
from sandbox.client.transport import Transport
from sandbox_ui.tui.messages import Arrived, Away, Here, Item

FIRST_WAIT = 0.25
LONGEST_WAIT = 4.0
"""Seconds between two attempts to reach a sandbox that is away: doubled from the first to the longest."""
KEPT = 20_000
"""Events that wait to be taken; older ones are forgotten, since lists are read anew anyway."""
_STEP = 0.001


class Live:
    """The stream of events. `tell` may be called from any thread."""

    def __init__(self, transport: Transport, tell: Callable[[Message], object]) -> None:
        self._transport = transport
        self._tell = tell
        self._arrived: deque[Item] = deque(maxlen=KEPT)
        self._stopped = threading.Event()
        self._last: int | None = None
        self._wait = FIRST_WAIT
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin with what is new."""
        self._thread.start()

    def stop(self) -> None:
        """End it, also while it waits for the sandbox."""
        self._stopped.set()
        while self._thread.is_alive() and self._thread.ident is not None:
            self._transport.interrupt(self._thread.ident)
            self._thread.join(_STEP)
        self._transport.close()

    def take(self) -> Sequence[Item]:
        """What came since the last call."""
        return [self._arrived.popleft() for _ in range(len(self._arrived))]

    def _run(self) -> None:
        while not self._stopped.is_set():
            reason = "the sandbox ended the connection"
            try:
                for event in self._events():
                    self._note(event)
            except ClientError as error:
                reason = str(error)
            if not self._stopped.is_set():
                self._tell(Away(reason, self._wait))
                self._stopped.wait(self._wait)
                self._wait = min(2 * self._wait, LONGEST_WAIT)

    def _note(self, event: Item) -> None:
        self._last = int(event["id"]) or self._last
        waiting = bool(self._arrived)
        self._arrived.append(event)
        if not waiting:
            self._tell(Arrived())

    def _events(self) -> Iterator[Item]:
        """The events of one connection; tells when it stands."""
        resumed = {} if self._last is None else {"Last-Event-ID": str(self._last)}
        lines = self._transport.lines("/stream", {"Accept": "text/event-stream", **resumed})
        for number, line in zip(count(), lines, strict=False):
            if number == 0:
                self._wait = FIRST_WAIT
                self._tell(Here())
            if line.startswith("data:") and (event := _read(line[5:])):
                yield event


def _read(text: str) -> Item | None:
    """An event; None for what is said about the stream itself, and for what is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("id"), int) and "type" in found else None
