"""Messages as objects: the list's fields come at once, the rest is fetched when first asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.client.errors import ContentError, tells_all
from sandbox.client.parts import Attachment, Headers
from sandbox.client.transport import Transport

if TYPE_CHECKING:
    from email.message import EmailMessage

__tracebackhide__ = tells_all


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

    @cached_property
    def attachments(self) -> list[Attachment]:
        """The attached and inline parts."""
        return [Attachment(self._transport, self.id, item) for item in self.data.get("attachments", ())]

    @property
    def inline_images(self) -> dict[str, Attachment]:
        """The images that the HTML embeds with `cid:`, by their content ids."""
        images = [part for part in self.attachments if part.content_type.startswith("image/")]
        return {part.content_id: part for part in images if part.content_id}

    @property
    def links(self) -> list[str]:
        """Every link of the HTML and of the plain text, once, in order."""
        from sandbox.client.links import links_of  # noqa: PLC0415 - what reads HTML waits until it is asked for

        return links_of(self.text, self.html)

    def link(self, containing: str = "") -> str:
        """The one link with this in it; `ContentError` lists those there are when none or several have it."""
        found = [link for link in self.links if containing in link]
        if len(found) != 1:
            wanted = f" with {containing!r}" if containing else ""
            raise ContentError(f"{_number(found)} link{wanted} in {self!r}; links: {', '.join(self.links) or 'none'}")
        return found[0]

    @property
    def codes(self) -> list[str]:
        """One-time passwords and the like, the likeliest first: what stands near words as "code" or "PIN"."""
        from sandbox.client.codes import codes_of  # noqa: PLC0415 - what reads HTML waits until it is asked for

        return codes_of(self.text, self.html, self.subject)

    @property
    def code(self) -> str:
        """The likeliest one-time password; `ContentError` when there is none."""
        found = self.codes
        if not found:
            raise ContentError(f"no code in {self!r}; its text begins {self.text[:200]!r}")
        return found[0]

    @property
    def unsubscribe_link(self) -> str:
        """Where List-Unsubscribe leads (RFC 2369): its first http link, else its first of any kind, else empty."""
        targets = re.findall(r"<([^<>]+)>", self.headers.first("List-Unsubscribe"))
        return next((one for one in targets if one.lower().startswith("http")), next(iter(targets), ""))

    @property
    def one_click(self) -> bool:
        """Whether one POST to the unsubscribe link is enough (RFC 8058)."""
        wanted = "list-unsubscribe=one-click"
        return self.headers.first("List-Unsubscribe-Post").replace(" ", "").lower() == wanted and bool(
            self.unsubscribe_link.lower().startswith("https")
        )

    @property
    def normal_form(self) -> str:
        """Header and decoded parts as text for snapshots: dates, ids and boundaries have names in their place."""
        from sandbox.client.normal import normal_form  # noqa: PLC0415 - waits for the first snapshot

        return normal_form(self.email)

    @property
    def authentication(self) -> dict[str, Any]:
        """Verdicts of DKIM, SPF and DMARC on the delivered copy, each None before there is one."""
        return dict(self._fetch().get("authentication") or {})

    def verify(self, *, dkim: str | None = "pass", spf: str | None = "pass", dmarc: str | None = "pass") -> None:
        """Fail unless the verdicts are these; None leaves one out. `ContentError` says what they are, and why."""
        found = self.authentication
        wrong = [
            f"{name} is {_verdict(found.get(name))}, not {wanted!r}"
            for name, wanted in (("dkim", dkim), ("spf", spf), ("dmarc", dmarc))
            if wanted is not None and (found.get(name) or {}).get("result") != wanted
        ]
        if wrong:
            raise ContentError("\n".join([f"{self!r}:", *(f"  {line}" for line in wrong)]))

    @cached_property
    def raw(self) -> bytes:
        """The octets as accepted."""
        return self._transport.octets(f"/messages/{self.id}/raw")

    @cached_property
    def email(self) -> EmailMessage:
        """The message as Python's own object."""
        from email import message_from_bytes, policy  # noqa: PLC0415 - for those who read the whole message

        return message_from_bytes(self.raw, policy=policy.default)

    def load(self) -> Message:
        """Fetch everything now, so that nothing asks the sandbox later; returns the same object."""
        _ = self.data, self.raw, [part.content for part in self.attachments]
        return self

    def outcome(self, address: str) -> str:
        """What has become of a recipient by now: `delivered`, `suppressed`, …; `KeyError` for a stranger."""
        for recipient in self._fetch()["recipients"]:
            if recipient["address"].lower() == address.lower():
                return str(recipient["outcome"])
        raise KeyError(f"{address} is not a recipient of {self!r}")


def _number(found: list[str]) -> str:
    return "no" if not found else f"more than one ({len(found)})"


def _verdict(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "not known: the message was not delivered"
    reason = str(found.get("reason") or "")
    return repr(found.get("result")) + (f" ({reason})" if reason else "")


def _pair(item: Any) -> tuple[str, str]:
    return (item["name"], item["value"]) if isinstance(item, Mapping) else (item[0], item[1])
