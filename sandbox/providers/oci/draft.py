"""The fields of an email to submit, read from JSON and checked in the service's order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.errors import Condition, Refusal
from sandbox.core.values import frozen
from sandbox.providers.oci import addresses, fields

MAX_RECIPIENTS = 50
"""Across To, Cc and Bcc."""
_LISTS = ("to", "cc", "bcc")
_HEADER_NAME = re.compile(r"[!-9;-~]{1,200}")
RESERVED = frozenset({
    "from", "to", "cc", "bcc", "subject", "sender", "reply-to", "date", "message-id", "mime-version", "received",
    "return-path", "dkim-signature", "authentication-results", "reporting-meta", "feedback-id",
})  # fmt: skip
"""Headers that the service writes itself; so are all that begin with `content-` and `arc-`."""


@frozen
class Mailbox:
    """An address with the name shown for it."""

    email: str
    name: str = ""


@frozen
class Draft:
    """An email whose fields are in order."""

    sender: Mailbox
    compartment: str
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    subject: str
    text: str
    html: str
    reply_to: tuple[Mailbox, ...]
    headers: Mapping[str, str]
    message_id: str
    """Without angle brackets; empty when the client gave none."""

    @property
    def header_length(self) -> int:
        """Characters of everything that will stand in the header block."""
        names = [mailbox.name for mailbox in (self.sender, *self.to, *self.cc, *self.reply_to)]
        return sum(map(len, (self.subject, *names, *self.headers, *self.headers.values())))

    @property
    def recipients(self) -> tuple[Mailbox, ...]:
        """Everybody in To, Cc and Bcc, each address once."""
        seen: dict[str, Mailbox] = {}
        for mailbox in (*self.to, *self.cc, *self.bcc):
            seen.setdefault(mailbox.email.lower(), mailbox)
        return tuple(seen.values())


def read(body: Mapping[str, Any]) -> Draft:
    """A draft from SubmitEmailDetails; raises `Refusal` for the first thing that is wrong.

    First what is required and missing, in the order of the service's documentation, then what has a wrong form.
    """
    sender, listed = _required(body)
    to, cc, bcc = [_mailboxes(values, name) for name, values in zip(_LISTS, listed, strict=True)]
    if len(to) + len(cc) + len(bcc) > MAX_RECIPIENTS:
        raise Refusal("https.400.too-many-recipients")
    return Draft(
        sender=_mailbox(sender["senderAddress"], "senderAddress"),
        compartment=sender["compartmentId"],
        to=to,
        cc=cc,
        bcc=bcc,
        subject=body["subject"],
        text=body.get("bodyText") or "",
        html=body.get("bodyHtml") or "",
        reply_to=_mailboxes(fields.list_of(body, "replyTo"), "replyTo"),
        headers=_headers(fields.object_of(body, "headerFields")),
        message_id=_message_id(fields.optional_text(body, "messageId")),
    )


def _required(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[list[Any]]]:
    """The sender and the lists of recipients of a body in which nothing is missing."""
    sender = fields.object_of(body, "sender")
    if not sender or not sender.get("senderAddress"):
        raise Refusal("https.400.sender-missing")
    if not (fields.optional_text(sender, "compartmentId") or "").strip():
        raise Refusal("https.400.compartment-missing")
    if not fields.optional_text(body, "subject"):
        raise Refusal("https.400.subject-missing")
    recipients = fields.object_of(body, "recipients")
    listed = [fields.list_of(recipients, name) for name in _LISTS]
    if not any(listed):
        raise Refusal("https.400.recipients-missing")
    if not any([fields.optional_text(body, "bodyText"), fields.optional_text(body, "bodyHtml")]):
        raise Refusal("https.400.body-missing")
    return sender, listed


def _mailboxes(values: list[Any], name: str) -> tuple[Mailbox, ...]:
    return tuple([_mailbox(value, name) for value in values]) if values else ()


def _mailbox(value: Any, name: str) -> Mailbox:
    if not isinstance(value, dict):
        raise Refusal("https.400.invalid-parameter", parameter=name)
    email = (fields.optional_text(value, "email") or "").strip()
    if not email:
        raise Refusal("https.400.address-empty")
    if not addresses.valid(email):
        raise Refusal(Condition.INVALID_ADDRESS, address=email[:320])
    return Mailbox(email=email, name=fields.optional_text(value, "name") or "")


def _headers(wanted: Mapping[str, Any]) -> dict[str, str]:
    for name, value in wanted.items():
        if not name.strip():
            raise Refusal("https.400.header-key-empty")
        if not name.isascii():
            raise Refusal("https.400.header-key-not-ascii", header=name[:200])
        if name.lower() in RESERVED or name.lower().startswith(("content-", "arc-")):
            raise Refusal("https.400.reserved-header", header=name)
        if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str):
            raise Refusal("https.400.invalid-parameter", parameter="headerFields")
    return dict(wanted)


def _message_id(text: str | None) -> str:
    if text is None:
        return ""
    bare = text.strip()
    bare = bare[1:-1] if bare.startswith("<") and bare.endswith(">") else bare
    if not addresses.valid_message_id(bare):
        raise Refusal("https.400.message-id")
    return bare
