"""The searchable form of a message: what search and lists show of its content."""

from __future__ import annotations

from sandbox.core import mime
from sandbox.core.store.index import Digest

SNIPPET = 160
BODY = 200_000
"""Characters of text that search looks through."""


def digest(seq: int, raw: bytes) -> Digest:
    """Its text, or its HTML without tags when it has no text. May take seconds for hostile input."""
    content = mime.read(raw)
    body = content.text or mime.plain(content.html)
    names = " ".join(attachment.filename for attachment in content.attachments)
    return Digest(
        seq=seq,
        snippet=" ".join(body[: SNIPPET * 4].split())[:SNIPPET],
        body=f"{body[:BODY]}\n{names}" if names else body[:BODY],
        attachments=len(content.attachments),
    )


def unread(seq: int, reason: str) -> Digest:
    """What stands for a content that could not be read: its headers are searched all the same."""
    return Digest(seq=seq, snippet=f"(the content is not searched: {reason})", body="", attachments=0)
