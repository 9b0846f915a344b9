"""Attachments, which the SMTP interface does not support: finding them, and taking them out of what is delivered."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from sandbox.core import mime
from sandbox.core.headers import HeaderBlock

_PLAIN = re.compile(r"\s*(?:text/[\w.+-]+\s*(?:;|$)|$)", re.IGNORECASE)
_NAMED = re.compile(r"attachment|filename|name\s*=|name\*", re.IGNORECASE)


FIELDS, FOLDED = 20_000, 200_000
"""Lines that look like header fields, or like their continuation, above which the structure is not parsed at all."""
_FIELD_LINE = re.compile(rb"\n[!-9;-~]+:")


def may_have_any(block: HeaderBlock) -> bool:
    """Whether the header leaves it open that there are attachments: a plain text has none."""
    kind, disposition = block.first("content-type"), block.first("content-disposition")
    return not _PLAIN.match(kind) or bool(_NAMED.search(kind + disposition))


def attached(raw: bytes) -> tuple[str, ...]:
    """Names, or types, of a message's attachments; slow for a message of many parts, so call it in a thread."""
    if raw.count(b"\n ") + raw.count(b"\n\t") > FOLDED or len(_FIELD_LINE.findall(raw)) > FIELDS:
        return ()
    return tuple(
        part.filename or part.content_type
        for part in mime.read(raw).attachments
        if part.disposition == "attachment" or part.filename or not part.content_type.startswith("text/")
    )


def without_attachments(raw: bytes) -> bytes:
    """The message with its texts only, for `ibm.attachments = "drop"`; unchanged where its structure can't be read."""
    try:
        root = message_from_bytes(raw, policy=compat32)
        if _is_attachment(root):
            root.set_payload("")
            for name in ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition"):
                del root[name]
        _prune(root)
        return re.sub(rb"(?<!\r)\n", b"\r\n", root.as_bytes(policy=compat32))
    except Exception:  # noqa: BLE001 - the parser fails in many ways on hostile structure, RecursionError among them
        return raw


def _prune(part: Message) -> None:
    payload = part.get_payload()
    if part.get_content_maintype() != "multipart" or not isinstance(payload, list):
        return
    kept = [child for child in payload if isinstance(child, Message) and not _is_attachment(child)]
    for child in kept:
        _prune(child)
    part._payload = kept  # type: ignore[attr-defined]  # noqa: SLF001 - set_payload would look at the charset of texts


def _is_attachment(part: Message) -> bool:
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        return False
    named = part.get_content_disposition() == "attachment" or bool(part.get_filename())
    return named or part.get_content_maintype() != "text"
