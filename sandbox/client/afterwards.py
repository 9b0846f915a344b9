"""What happens to mail after it was accepted: simulated events, outcome rules, bounces and complaints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox import client
from sandbox.client.errors import ApiError, tells_all
from sandbox.client.messages import Message
from sandbox.client.transport import Transport

if TYPE_CHECKING:  # the package imports them when they are first used
    from sandbox.client.objects import Rule, Simulated
    from sandbox.client.reports import Report

__tracebackhide__ = tells_all


class Rules:
    """The account's outcome rules; the newest is tried first."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def all(self) -> list[Rule]:
        """Every rule, in the order in which they are tried."""
        return [client.Rule.read(item) for item in self._transport.json("GET", "/rules")["items"]]

    def add(self, *, outcome: str | None = None, **wish: Any) -> Rule:
        """Decide what becomes of matching mail.

        `recipient`, `sender`, `subject` and `headers` say which mail; `outcome` (`delivered`, `blackholed`,
        `hard_bounced`, `deferred`), `reply`, `delay`, `attempts`, `then` and `after` say what becomes of it.
        """
        return client.Rule.read(self._transport.json("POST", "/rules", body=_body(outcome=outcome, **wish)))

    def remove(self, rule: Rule | str) -> None:
        """Remove one; that it is gone already is no error."""
        name = rule if isinstance(rule, str) else rule.id
        try:
            self._transport.json("DELETE", f"/rules/{quote(name, safe='')}")
        except ApiError as error:
            if error.status != 404:
                raise

    def clear(self) -> None:
        """Remove every rule."""
        self._transport.json("DELETE", "/rules")

    @contextmanager
    def adding(self, *, outcome: str | None = None, **wish: Any) -> Iterator[Rule]:
        """A rule for the length of a `with` block; takes what `add` takes."""
        rule = self.add(outcome=outcome, **wish)
        try:
            yield rule
        finally:
            self.remove(rule)


def _body(**wish: Any) -> dict[str, Any]:
    return {name: value for name, value in wish.items() if value is not None}


class Afterwards:
    """What follows acceptance."""

    _transport: Transport

    def simulate(self, event: str, message: Message | str, recipient: str | None = None) -> Simulated:
        """Let something happen after delivery: `complaint`, `unsubscribe`, `bounce`, `soft-bounce`, `open`, `click`.

        `recipient` may be left out when the message has one only. Raises `ApiError` when there is no such recipient.
        """
        whole = message if isinstance(message, Message) else Message(self._transport, self._known(message))
        if recipient is None:
            if len(whole.recipients) != 1:
                raise TypeError(f"say for which recipient: {', '.join(whole.recipients)}")
            recipient = whole.recipients[0]
        body = {"event": event, "message": whole.id, "recipient": recipient}
        return client.Simulated.read(self._transport.json("POST", "/simulate", body=body))

    def _known(self, message_id: str) -> dict[str, Any]:
        return dict(self._transport.json("GET", f"/messages/{quote(message_id, safe='')}"))

    @property
    def rules(self) -> Rules:
        """What decides the outcome of mail."""
        return Rules(self._transport)

    def reports(self, message: Message | str | None = None) -> list[Report]:
        """Bounces, delays, complaints and automatic replies, newest first; only those on one message if named."""
        if message is None:
            page = self._transport.json("GET", "/reports")
            return [client.Report(self._transport, item) for item in page["items"]]
        name = message if isinstance(message, str) else message.id
        page = self._transport.json("GET", f"/messages/{quote(name, safe='')}/reports")
        return [client.Report(self._transport, item) for item in reversed(page["items"])]
