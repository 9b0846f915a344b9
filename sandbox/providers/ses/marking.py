"""What SES puts into a message on its way out: the tracking picture and links, and the ways to unsubscribe."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.delivered_copy import without
from sandbox.core.model import MessageRecord
from sandbox.core.raw_fields import join, split, with_crlf
from sandbox.core.services import Services
from sandbox.providers.ses import html_parts, opting_out
from sandbox.providers.ses.tracking import PLACEHOLDER, Tracker, proving, tracker

UNSUBSCRIBE = "{{amazonSESUnsubscribeUrl}}"
MOST = 2
"""Placeholders of a message that are filled in; further ones are left as they are."""
_LISTED = (b"list-unsubscribe", b"list-unsubscribe-post")


async def marked(
    services: Services, section: Any, account: Account, message: MessageRecord, raw: bytes, recipient: str
) -> bytes:  # fmt: skip
    """The message (CRLF line ends) as this recipient gets it, before headers are rewritten and signatures made."""
    del section  # as every hook of the delivered copy
    raw = with_crlf(raw)
    tracking = await tracker(services, account, message, recipient)
    url = await _unsubscribe_url(services, account, message)
    if tracking is None and not url and PLACEHOLDER.encode() not in raw:
        return raw
    edited = await asyncio.to_thread(_edited, raw, tracking, url)
    return _with_headers(edited, url) if url else edited


async def _unsubscribe_url(services: Services, account: Account, message: MessageRecord) -> str:
    """Where the contact of a message unsubscribes; empty for mail to several, or to no list."""
    if not message.attributes.get("list") or len(message.envelope.rcpt_to) != 1:
        return ""
    if await opting_out.membership(services, account, message, None) is None:
        return ""
    return opting_out.address_of(services, await proving(services), message)


def _edited(raw: bytes, tracking: Tracker | None, url: str) -> bytes:
    number, left = 1, MOST if url else 0

    def edit(kind: str, text: str) -> str:
        nonlocal number, left
        if tracking is not None:
            text, number = tracking.edit(kind, text, number)
        else:
            text = text.replace(PLACEHOLDER, "")
        found = min(left, text.count(UNSUBSCRIBE))
        left -= found
        return text.replace(UNSUBSCRIBE, url, found) if found else text

    return html_parts.edited(raw, edit)


def _with_headers(raw: bytes, url: str) -> bytes:
    """The message with the two fields of RFC 8058, in place of any that it had."""
    parts = split(raw)
    fields = [
        f"List-Unsubscribe: <{url}>\r\n".encode("ascii"),
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    ]
    return join([*without(parts.fields, _LISTED), *fields], parts.body)
