"""What a client does with mail: look, wait, be sure that there is none, and explain itself when it waits in vain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

from sandbox import client
from sandbox.client.errors import ApiError, NoMessageError, NotIdleError, UnexpectedMessageError, tells_all
from sandbox.client.matching import Wanted, given, query_of, terms_of
from sandbox.client.messages import Message
from sandbox.client.transport import Transport
from sandbox.client.waiting import Found, explain, explain_busy, explain_unexpected

if TYPE_CHECKING:  # the package imports them when they are first used
    from sandbox.client.objects import Refused, Session

__tracebackhide__ = tells_all

PAGE = 200
EXPORTED = 500
"""Messages of a page when all are wanted."""
_IMPORTED = ("id", "provider", "channel", "envelope", "recipients", "times", "read", "tags", "attributes")
_RECENT = 50
"""Messages and sessions that an explanation of a failed wait looks at."""
_TRANSCRIPTS = 3
"""Refused conversations that an explanation shows in full."""


class Mail:
    """Messages and the conversations in which they came."""

    _transport: Transport

    def messages(self, query: str = "", *, limit: int | None = None, **matchers: Unpack[Wanted]) -> list[Message]:
        """Messages that match, newest first; all of them without `limit`.

        Matchers are `to`, `sender`, `subject`, `body`, `outcome`, `provider`, `channel`, `user`. Raises `ApiError` for
        a query that can't be read.
        """
        found: list[Message] = []
        wanted, cursor = query_of(query, matchers), None
        while limit is None or len(found) < limit:
            size = PAGE if limit is None else min(PAGE, limit - len(found))
            page = self._transport.json("GET", "/messages", query=wanted or None, limit=size, cursor=cursor)
            found += [Message(self._transport, item) for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def every(self, query: str = "") -> Iterator[Message]:
        """Messages that match, oldest first, fetched a page at a time; those that arrive meanwhile come at the end."""
        cursor: str | None = ""
        while cursor is not None:
            page = self._transport.json(
                "GET", "/messages", query=query or None, limit=EXPORTED, cursor=cursor or None, order="oldest"
            )
            yield from (Message(self._transport, item) for item in page["items"])
            cursor = page["next"]

    def take_in(self, raw: bytes, about: Mapping[str, Any]) -> Message:
        """Import a message, with what is known about it in the form in which messages are listed.

        Nothing is sent. Raises `ApiError`, with the code `imported-before` when the account has its id already.
        """
        from base64 import b64encode  # noqa: PLC0415 - for those who import

        wish = {name: about[name] for name in _IMPORTED if about.get(name) is not None}
        return Message(
            self._transport,
            self._transport.json("POST", "/messages", body={**wish, "raw": b64encode(raw).decode()}, wait=60.0),
        )

    def message(self, message_id: str) -> Message:
        """One message with everything about it; `ApiError` when there is none with this id."""
        return Message(self._transport, self._transport.json("GET", f"/messages/{quote(message_id, safe='')}"))

    def wait(
        self, query: str = "", *, count: int = 1, timeout: float = 10.0, **matchers: Unpack[Wanted]
    ) -> list[Message]:
        """At least `count` matching messages, newest first, as soon as they are there; those present count.

        Raises `NoMessageError` after `timeout` seconds; its text lists what did arrive, what is deferred and what was
        refused.
        """
        wanted = query_of(query, matchers)
        params = {"query": wanted or None, "count": count, "timeout": f"{timeout:.3f}"}
        try:
            answer = self._transport.json("GET", "/messages/wait", wait=timeout, **params)
        except ApiError as error:
            if error.status != 408:
                raise
            raise NoMessageError(explain(query, given(matchers), timeout, self._found(query, count))) from None
        return [Message(self._transport, item) for item in answer["items"]]

    def wait_for(self, query: str = "", *, timeout: float = 10.0, **matchers: Unpack[Wanted]) -> Message:
        """The newest message that matches, or the next one that does; see `wait` for what it raises."""
        return self.wait(query, count=1, timeout=timeout, **matchers)[0]

    def assert_no_message(self, query: str = "", *, timeout: float = 5.0, **matchers: Unpack[Wanted]) -> None:
        """Fail when a message matches, once nothing is on its way any more: no transaction open, nothing due.

        Nothing sleeps: with no conversation open it is decided at once, else when the last one ends or has nothing more
        to say. Raises `UnexpectedMessageError`, or `NotIdleError` when a transaction is still open after `timeout`
        seconds.
        """
        wanted = {"query": query, **given(matchers)}
        quiet = self._quiet(timeout)
        found = self.messages(query, **matchers)
        if found:
            raise UnexpectedMessageError(explain_unexpected(wanted, found))
        if not quiet["idle"]:
            open_now = [self.session(str(item["id"])) for item in quiet["open"]]
            raise NotIdleError(explain_busy(timeout, open_now))

    def _quiet(self, timeout: float) -> dict[str, Any]:
        return dict(self._transport.json("GET", "/idle", wait=timeout, timeout=f"{timeout:.3f}"))

    def _found(self, query: str, count: int) -> Found:
        refused = self.refused(limit=_RECENT)
        shown = list(dict.fromkeys(refusal.session for refusal in refused))[:_TRANSCRIPTS]
        return Found(
            count=count,
            messages=self.messages(limit=_RECENT),
            matched={term: {message.id for message in self.messages(term)} for term in terms_of(query)},
            refused=refused,
            transcripts={name: self.session(name).transcript for name in shown},
        )

    def clear(self) -> None:
        """Remove every message."""
        self._transport.json("DELETE", "/messages")

    def sessions(self, query: str = "", *, refused: bool | None = None, limit: int = 100) -> list[Session]:
        """Conversations that match a query (docs/search.md), newest first; `refused`: with a refusal, or without."""
        wish = None if refused is None else str(refused).lower()
        page = self._transport.json("GET", "/sessions", query=query or None, refused=wish, limit=limit)
        return [client.Session.read(item) for item in page["items"]]

    def session(self, session_id: str) -> Session:
        """One conversation with its transcript."""
        return client.Session.read(self._transport.json("GET", f"/sessions/{quote(session_id, safe='')}"))

    def refused(self, *, limit: int = 100) -> list[Refused]:
        """What was refused in the latest conversations, newest first."""
        sessions = self.sessions(refused=True, limit=limit)
        return [refusal for session in sessions for refusal in reversed(session.refusals)]
