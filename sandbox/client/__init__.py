"""A client of a running sandbox: look at mail, wait for it, force errors, move the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from sandbox.client.connections import OciConnection, SmtpConnection
from sandbox.client.errors import ApiError, ClientError, NoMessageError, UnreachableError
from sandbox.client.matching import given, query_of
from sandbox.client.messages import Attachment, Headers, Message
from sandbox.client.objects import CatalogEntry, Fault, Refused, Session
from sandbox.client.transport import Transport
from sandbox.client.waiting import explain

__all__ = [
    "ApiError",
    "Attachment",
    "CatalogEntry",
    "Client",
    "ClientError",
    "Fault",
    "Headers",
    "Message",
    "NoMessageError",
    "OciConnection",
    "Refused",
    "Session",
    "SmtpConnection",
    "UnreachableError",
]

DEFAULT_URL = "http://127.0.0.1:8025"
_PAGE = 200
_RECENT = 50
"""Messages and sessions that an explanation of a failed wait looks at."""


class Client:
    """One sandbox over HTTP, seen from one account; a context manager, or `close` it at the end."""

    def __init__(self, url: str = DEFAULT_URL, account: str | None = None, *, ca_file: str | None = None) -> None:
        """`account` is the id of an isolated account; without it, the ready-made one. `ca_file` is for `https:`."""
        self._transport = Transport(url, account, ca_file)

    @property
    def url(self) -> str:
        """Base of the sandbox's HTTP side."""
        return self._transport.url

    @property
    def account(self) -> str | None:
        """The account that it speaks for; None is the ready-made one."""
        return self._transport.account

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client opens new ones when it is used again."""
        self._transport.close()

    # mail

    def messages(self, query: str = "", *, limit: int | None = None, **matchers: str | None) -> list[Message]:
        """Messages that match, newest first; all of them without `limit`.

        Matchers are `to`, `sender`, `subject`, `provider`, `channel`, `user`. Raises `ApiError` for a query that can't
        be read.
        """
        found: list[Message] = []
        wanted, cursor = query_of(query, matchers), None
        while limit is None or len(found) < limit:
            size = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self._transport.json("GET", "/messages", query=wanted or None, limit=size, cursor=cursor)
            found += [Message(self._transport, item) for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def message(self, message_id: str) -> Message:
        """One message with everything about it; `ApiError` when there is none with this id."""
        return Message(self._transport, self._transport.json("GET", f"/messages/{_path(message_id)}"))

    def wait(self, query: str = "", *, count: int = 1, timeout: float = 10.0, **matchers: str | None) -> list[Message]:
        """At least `count` matching messages, newest first, as soon as they are there; those present count.

        Raises `NoMessageError` after `timeout` seconds; its text lists what did arrive and what was refused.
        """
        wanted = query_of(query, matchers)
        params = {"query": wanted or None, "count": count, "timeout": f"{timeout:.3f}"}
        try:
            answer = self._transport.json("GET", "/messages/wait", wait=timeout, **params)
        except ApiError as error:
            if error.status != 408:
                raise
            raise NoMessageError(self._explain(query, given(matchers), timeout)) from None
        return [Message(self._transport, item) for item in answer["items"]]

    def wait_for(
        self,
        query: str = "",
        *,
        timeout: float = 10.0,
        **matchers: str | None,
    ) -> Message:
        """The newest message that matches, or the next one that does; see `wait` for what it raises."""
        return self.wait(query, count=1, timeout=timeout, **matchers)[0]

    def _explain(self, query: str, matchers: Mapping[str, str], timeout: float) -> str:
        return explain(query, matchers, timeout, self.messages(limit=_RECENT), self.refused(limit=_RECENT))

    def clear(self) -> None:
        """Remove every message."""
        self._transport.json("DELETE", "/messages")

    # conversations

    def sessions(self, *, refused: bool | None = None, limit: int = 100) -> list[Session]:
        """Conversations, newest first; only those with or without a refusal when `refused` says so."""
        wish = None if refused is None else str(refused).lower()
        page = self._transport.json("GET", "/sessions", refused=wish, limit=limit)
        return [Session.read(item) for item in page["items"]]

    def session(self, session_id: str) -> Session:
        """One conversation with its transcript."""
        return Session.read(self._transport.json("GET", f"/sessions/{_path(session_id)}"))

    def refused(self, *, limit: int = 100) -> list[Refused]:
        """What was refused in the latest conversations, newest first."""
        sessions = self.sessions(refused=True, limit=limit)
        return [refusal for session in sessions for refusal in reversed(session.refusals)]

    # errors

    def errors(self, provider: str | None = None) -> list[CatalogEntry]:
        """The error catalog, of one provider or of all."""
        page = self._transport.json("GET", "/errors", provider=provider)
        return [CatalogEntry.read(item) for item in page["items"]]

    def error(self, entry_id: str) -> CatalogEntry:
        """One row of the catalog."""
        return CatalogEntry.read(self._transport.json("GET", f"/errors/{_path(entry_id)}"))

    def faults(self) -> list[Fault]:
        """The armed errors, also those that are used up."""
        return [Fault.read(item) for item in self._transport.json("GET", "/faults")["items"]]

    def add_fault(
        self,
        error: str,
        *,
        times: int | None = None,
        probability: float | None = None,
        after: int | None = None,
        stage: str | None = None,
        **match: str,
    ) -> Fault:
        """Arm an error until it is removed or has fired `times` times; `after` lets that many occasions pass first.

        `match` narrows it: `sender`, `recipient`, `subject`, `client`, `user`, with shell wildcards.
        """
        wish = {"times": times, "probability": probability, "after": after, "stage": stage}
        body = {"error": error, "match": match, **{name: value for name, value in wish.items() if value is not None}}
        return Fault.read(self._transport.json("POST", "/faults", body=body))

    @contextmanager
    def fault(self, error: str, **wish: Any) -> Iterator[Fault]:
        """Arm an error for the length of a `with` block; takes what `add_fault` takes."""
        fault = self.add_fault(error, **wish)
        try:
            yield fault
        finally:
            self.remove_fault(fault.id)

    def remove_fault(self, fault_id: str) -> None:
        """Disarm one error; that it is gone already is no error."""
        try:
            self._transport.json("DELETE", f"/faults/{_path(fault_id)}")
        except ApiError as error:
            if error.status != 404:
                raise

    def clear_faults(self) -> None:
        """Disarm every error."""
        self._transport.json("DELETE", "/faults")

    # time and state

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

    def reset(self) -> None:
        """Start over: no messages, events, sessions or faults, real time, and what the settings provision."""
        self._transport.json("POST", "/reset")

    def status(self) -> dict[str, Any]:
        """Version, listeners, counts, clock."""
        return dict(self._transport.json("GET", "/status"))

    # accounts

    def accounts(self) -> list[dict[str, Any]]:
        """Every account with its credentials, in the ready file's shape."""
        return list(self._transport.json("GET", "/accounts")["items"])

    def new_account(self) -> dict[str, Any]:
        """Make an isolated account; its credentials in the ready file's shape, its id under `account`."""
        return dict(self._transport.json("POST", "/accounts"))

    def remove_account(self, account: str) -> None:
        """Remove an account and everything that belongs to it."""
        self._transport.json("DELETE", f"/accounts/{_path(account)}")

    def connection(self) -> dict[str, Any]:
        """Listeners and credentials of this client's account, in the ready file's shape."""
        return dict(self.status()["listeners"])

    @property
    def oci(self) -> OciConnection:
        """What a program needs to send through the OCI personality."""
        return OciConnection.read(self.connection())

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


def _path(name: str) -> str:
    return quote(name, safe="")
