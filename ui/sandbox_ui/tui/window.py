"""What the inspector asks of the inspection API: pages of lists, and the objects as the API has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sandbox.client.transport import PREFIX, Transport
from sandbox_ui.tui.messages import Item

PAGE = 200
"""Messages of a page; the API gives 500 at most."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Part of a list."""

    items: Sequence[Item]
    next: str | None
    """Where the next part begins; None at the end."""
    total: int
    exact: bool = True
    """Whether `total` is all there are; False: there are at least so many."""


class Window:
    """One sandbox, seen from one account. Every method blocks, and raises `UnreachableError` or `ApiError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def address(self) -> str:
        """Base of the sandbox's HTTP side."""
        return self._transport.url

    @property
    def user(self) -> str:
        """Whom it is logged in as; empty where no login is needed."""
        return self._transport.login.partition(":")[0]

    def url(self, path: str) -> str:
        """The address of a resource, for other programs."""
        account = self._transport.account
        return f"{self.address}{PREFIX}{path}" + (f"?account={quote(account)}" if account else "")

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        return dict(self._transport.json("GET", path, **params))

    def _page(self, path: str, **params: Any) -> Page:
        found = self._get(path, **params)
        total, exact = int(found.get("total", 0)), bool(found.get("total_exact", True))
        return Page(items=found["items"], next=found.get("next"), total=total, exact=exact)

    def status(self) -> Item:
        """Version, counts, clock."""
        return self._get("/status")

    def messages(self, query: str = "", cursor: str | None = None, limit: int = PAGE) -> Page:
        """Messages that match, newest first."""
        return self._page("/messages", query=query or None, cursor=cursor, limit=limit)

    def message(self, name: str) -> Item:
        """One message with everything about it."""
        return self._get(_message(name))

    def raw(self, name: str) -> bytes:
        """The octets as accepted."""
        return self._transport.octets(_message(name, "/raw"))

    def copy(self, name: str, recipient: str) -> bytes:
        """The octets as a recipient gets them."""
        return self._transport.octets(_message(name, "/copy"), recipient=recipient)

    def part(self, name: str, number: int) -> bytes:
        """One part, decoded."""
        return self._transport.octets(_message(name, f"/parts/{number}"))

    def compatibility(self, name: str) -> Item:
        """What its HTML uses that some mail programs lack."""
        return self._get(_message(name, "/compatibility"))

    def mark(self, name: str, **wish: Any) -> Item:
        """Set `read`, `tags`, or both; returns the message as lists show it."""
        return dict(self._transport.json("PATCH", _message(name), body=wish))

    def remove(self, name: str) -> None:
        """Remove a message."""
        self._transport.json("DELETE", _message(name))

    def remove_all(self, query: str) -> int:
        """Remove the messages that match; returns how many there were."""
        return int(self._transport.json("DELETE", "/messages", query=query or None)["removed"])

    def simulate(self, event: str, message: str, recipient: str) -> Item:
        """Let something happen to a recipient of a message."""
        body = {"event": event, "message": message, "recipient": recipient}
        return dict(self._transport.json("POST", "/simulate", body=body))

    def attempts(self, query: str = "", cursor: str | None = None, *, refused: bool, limit: int = PAGE) -> Page:
        """Conversations that match, newest first; all of them, or the refused ones."""
        wish = "true" if refused else None
        return self._page("/sessions", query=query or None, refused=wish, cursor=cursor, limit=limit)

    def attempt(self, name: str) -> Item:
        """One conversation with its transcript."""
        return self._get(f"/sessions/{quote(name, safe='')}")

    def events(self, since: int, limit: int) -> Sequence[Item]:
        """The event log after an event, oldest first."""
        return list(self._get("/events", since=since, limit=limit)["items"])

    def activity(self, span: str, steps: int) -> Sequence[Item]:
        """Counts of events in equal steps of time."""
        return list(self._get("/activity", span=span, steps=steps)["items"])

    def errors(self) -> Sequence[Item]:
        """The error catalogs."""
        return self._page("/errors").items

    def faults(self) -> Sequence[Item]:
        """The errors that are armed."""
        return self._page("/faults").items

    def arm(self, wish: Mapping[str, Any]) -> Item:
        """Force an error; see `POST /faults`."""
        return dict(self._transport.json("POST", "/faults", body=dict(wish)))

    def disarm(self, name: str | None) -> None:
        """Disarm one error, or all of them."""
        self._transport.json("DELETE", f"/faults/{quote(name, safe='')}" if name else "/faults")

    def state(self) -> Item:
        """Quotas and resources."""
        return self._get("/state")

    def suppress(self, address: str, provider: str | None) -> None:
        """Put an address on a suppression list."""
        self._transport.json("POST", "/suppressions", body={"address": address, **_known(provider=provider)})

    def unsuppress(self, address: str, provider: str) -> None:
        """Take an address off a suppression list."""
        self._transport.json("DELETE", "/suppressions", address=address, provider=provider)

    def clock(self) -> Item:
        """The account's clock."""
        return self._get("/clock")

    def move_clock(self, wish: Mapping[str, Any]) -> Item:
        """Move it: one of `advance`, `set`, `reset`."""
        return dict(self._transport.json("POST", "/clock", wait=60.0, body=dict(wish)))

    def reset(self) -> None:
        """Start over."""
        self._transport.json("POST", "/reset")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def _message(name: str, rest: str = "") -> str:
    return f"/messages/{quote(name, safe='')}{rest}"


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
