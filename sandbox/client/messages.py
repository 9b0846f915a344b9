"""Messages and their parts as objects: the list's fields come at once, the rest is fetched when first asked for."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from sandbox.client.links import links_of
from sandbox.client.transport import Transport


class Headers:
    """Header fields in order; `headers["Subject"]` finds the first, whatever its case."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def __getitem__(self, name: str) -> str:
        found = self.all(name)
        if not found:
            raise KeyError(name)
        return found[0]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.all(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"

    def all(self, name: str) -> list[str]:
        """Every value of a field, in order."""
        return [value for known, value in self._pairs if known.lower() == name.lower()]

    def first(self, name: str, default: str = "") -> str:
        """The first value of a field, or `default`."""
        return next(iter(self.all(name)), default)


class Attachment:
    """A part of a message that is not its text."""

    def __init__(self, transport: Transport, message: str, data: Mapping[str, Any]) -> None:
        self._transport = transport
        self._path = f"/messages/{message}/parts/{data['n']}"
        self.filename: str = data.get("filename") or ""
        self.content_type: str = data.get("content_type") or "application/octet-stream"
        self.content_id: str = data.get("content_id") or ""
        self.size: int = int(data.get("size") or 0)

    def __repr__(self) -> str:
        return f"Attachment({self.filename!r}, {self.content_type!r}, {self.size} bytes)"

    @cached_property
    def content(self) -> bytes:
        """The decoded octets."""
        return self._transport.octets(self._path)


class Message:
    """One accepted message. Its list fields come with it; the rest is fetched when first asked for."""

    def __init__(self, transport: Transport, data: Mapping[str, Any]) -> None:
        self._transport = transport
        self._data = dict(data)
        self._whole = "headers" in data
        self.id: str = data["id"]

    def __repr__(self) -> str:
        to = ", ".join(self.recipients)
        return f"Message({self.id!r}, sender={self.sender!r}, to={to!r}, subject={self.subject!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def refresh(self) -> Message:
        """Fetch the present state; returns the same object."""
        self._fetch()
        return self

    def _fetch(self) -> dict[str, Any]:
        self._data |= self._transport.json("GET", f"/messages/{self.id}")
        self._whole = True
        return self._data

    @property
    def data(self) -> dict[str, Any]:
        """Everything the inspection API says about the message."""
        return self._data if self._whole else self._fetch()

    @property
    def listed(self) -> dict[str, Any]:
        """What lists say about the message: all that is known without asking again."""
        return self._data

    @property
    def sender(self) -> str:
        """The address of the envelope's sender; empty for the null sender of a bounce."""
        return str(self._data["envelope"]["mail_from"])

    @property
    def author(self) -> str:
        """The header From as written, decoded."""
        return str(self._data.get("sender") or "")

    @property
    def recipients(self) -> list[str]:
        """The addresses of the envelope, in order."""
        return list(self._data["envelope"]["rcpt_to"])

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return str(self._data["subject"])

    @property
    def provider(self) -> str:
        """The provider that accepted it: `oci`."""
        return str(self._data["provider"])

    @property
    def channel(self) -> str:
        """How it came in: `smtp` or `https`."""
        return str(self._data["channel"])

    @property
    def session(self) -> str:
        """Id of the conversation in which it came; see `Client.session`."""
        return str(self._data["session"])

    @property
    def user(self) -> str:
        """Who submitted it, as the provider names users."""
        return str(self._data["envelope"].get("user", ""))

    @property
    def size(self) -> int:
        """Octets as accepted."""
        return int(self._data["size"])

    @property
    def text(self) -> str:
        """The plain text, empty when there is none."""
        return self.data.get("text") or ""

    @property
    def html(self) -> str:
        """The HTML as sent, empty when there is none."""
        return self.data.get("html") or ""

    @property
    def headers(self) -> Headers:
        """The header fields in order."""
        return Headers([_pair(item) for item in self.data["headers"]])

    @property
    def attachments(self) -> list[Attachment]:
        """The attached and inline parts."""
        return [Attachment(self._transport, self.id, item) for item in self.data.get("attachments", ())]

    @property
    def links(self) -> list[str]:
        """Every link of the HTML and of the plain text, once, in order."""
        return links_of(self.text, self.html)

    @cached_property
    def raw(self) -> bytes:
        """The octets as accepted."""
        return self._transport.octets(f"/messages/{self.id}/raw")

    @cached_property
    def email(self) -> EmailMessage:
        """The message as Python's own object."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    def outcome(self, address: str) -> str:
        """What has become of a recipient by now: `delivered`, `suppressed`, …; `KeyError` for a stranger."""
        for recipient in self._fetch()["recipients"]:
            if recipient["address"].lower() == address.lower():
                return str(recipient["outcome"])
        raise KeyError(f"{address} is not a recipient of {self!r}")


def _pair(item: Any) -> tuple[str, str]:
    return (item["name"], item["value"]) if isinstance(item, Mapping) else (item[0], item[1])
