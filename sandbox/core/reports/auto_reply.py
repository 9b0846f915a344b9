"""Automatic replies of a recipient (RFC 3834), sent to the return path and never to what was itself sent by itself."""

from __future__ import annotations

import re
from email.header import Header
from email.utils import formatdate

from sandbox.core import headers
from sandbox.core.attempts import AutoReply
from sandbox.core.errors import Refusal
from sandbox.core.headers import HeaderBlock
from sandbox.core.ids import Ids
from sandbox.core.model import MessageRecord
from sandbox.core.reports.assembly import Report, block, one_line

HEADER_BLOCK = 1_048_576
SUBJECT = 900
"""Characters of a subject that are repeated, so that it fits a line (RFC 5322 §2.1.1)."""
REFERENCES = 20
"""Earlier messages of a conversation that are named."""
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_PLAIN = re.compile(r"[!-~]{3,320}")
"""An address without blanks, control characters and letters beyond ASCII."""
_COMMENT = re.compile(r"\([^()]*\)")


def auto_reply(
    message: MessageRecord, raw: bytes, reply: AutoReply, *, sent_id: str, now: float, ids: Ids
) -> Report | None:
    """The reply to a message that its recipient got with the Message-ID `sent_id`; None when it must not get one."""
    try:
        fields = headers.split(raw, HEADER_BLOCK)
    except Refusal:  # nothing is accepted without a header block
        return None
    recipient = _return_path(message, fields)
    if not recipient or _automatic(fields):
        return None
    head = block(
        [
            ("From", f"<{reply.sender}>"),
            ("To", f"<{recipient}>"),
            ("Subject", _subject(reply.prefix + message.subject)),
            ("Message-ID", f"<{ids.hex(24)}@{reply.sender.rpartition('@')[2]}>"),
            ("In-Reply-To", f"<{sent_id}>"),
            ("References", _references(fields, f"<{sent_id}>")),
            ("Date", formatdate(now)),
            ("Auto-Submitted", "auto-replied"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=us-ascii"),
        ]
    )
    return Report(
        kind="auto_reply", sender=reply.sender, recipient=recipient, octets=f"{head}\r\n{reply.words}".encode()
    )


def _return_path(message: MessageRecord, fields: HeaderBlock) -> str:
    """Where the reply goes: the message's own Return-Path, else the envelope's; empty when either is null."""
    envelope, own = message.envelope.mail_from, fields.first("return-path").strip()
    if not envelope or own == "<>":
        return ""
    named = next(iter(headers.addresses(own)), "")
    return named if _PLAIN.fullmatch(named) else envelope


def _automatic(fields: HeaderBlock) -> bool:
    """Whether the message was sent by itself: Auto-Submitted with any keyword but `no` (RFC 3834 §2)."""
    values = (_COMMENT.sub("", value).partition(";")[0].strip().lower() for value in fields.all("auto-submitted"))
    return any(value not in ("", "no") for value in values)


def _subject(text: str) -> str:
    plain = one_line(text)[:SUBJECT]
    return plain if plain.isascii() else Header(plain.encode("utf-8", "replace"), "utf-8").encode()


def _references(fields: HeaderBlock, sent_id: str) -> str:
    """The conversation so far, then the message (RFC 5322 §3.6.4)."""
    earlier = _MESSAGE_ID.findall(fields.first("references") or fields.first("in-reply-to"))
    return " ".join([*earlier[-REFERENCES:], sent_id])
