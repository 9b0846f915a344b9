"""What a client does with the sandbox itself: its clock, its accounts, starting over, listening to its events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from sandbox.client.errors import tells_all
from sandbox.client.transport import Transport

__tracebackhide__ = tells_all


class State:
    """Time, state, accounts and events."""

    _transport: Transport

    def clock(self) -> dict[str, Any]:
        """The account's clock."""
        return dict(self._transport.json("GET", "/clock"))

    def advance(self, duration: str) -> dict[str, Any]:
        """Move the clock forward: `90s`, `15m`, `24h`, `1d12h`. What becomes due on the way is done."""
        return dict(self._transport.json("POST", "/clock", body={"advance": duration}))

    def set_clock(self, moment: str) -> dict[str, Any]:
        """Make an ISO 8601 time the account's present."""
        return dict(self._transport.json("POST", "/clock", body={"set": moment}))

    def reset_clock(self) -> dict[str, Any]:
        """Return to real time."""
        return dict(self._transport.json("POST", "/clock", body={"reset": True}))

    def status(self) -> dict[str, Any]:
        """Version, listeners, counts, clock."""
        return dict(self._transport.json("GET", "/status"))

    def accounts(self) -> list[dict[str, Any]]:
        """Every account with its credentials, in the ready file's shape."""
        return list(self._transport.json("GET", "/accounts")["items"])

    def new_account(self) -> dict[str, Any]:
        """Make an isolated account; its credentials in the ready file's shape, its id under `account`."""
        return dict(self._transport.json("POST", "/accounts"))

    def remove_account(self, account: str) -> None:
        """Remove an account and everything that belongs to it."""
        self._transport.json("DELETE", f"/accounts/{quote(account, safe='')}")

    def stream(self, *, since: int | None = None) -> Iterator[dict[str, Any]]:
        """Events as they are committed, after the event `since`; ends when the sandbox stops."""
        headers = {"Accept": "text/event-stream", **({} if since is None else {"Last-Event-ID": str(since)})}
        named, data = False, ""
        for line in self._transport.lines("/stream", headers):
            if line.startswith("data:"):
                data += line[5:]
            elif line.startswith("event:"):
                named = True  # about the stream itself, not one of the sandbox's events
            elif not line:
                if data and not named:
                    yield json.loads(data)
                named, data = False, ""
