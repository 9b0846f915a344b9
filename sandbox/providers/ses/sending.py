"""Operations that send one email: formatted, or raw."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core import headers
from sandbox.core.errors import Refusal
from sandbox.providers.ses import mailboxes, submission
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.compose import Attachment, Draft, Text, build

HEADER_BLOCK = 262_144
_FIELDS = ("ToAddresses", "CcAddresses", "BccAddresses")
_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
RESERVED = frozenset(
    {
        "bcc", "cc", "content-disposition", "content-type", "date", "from", "message-id", "mime-version", "reply-to",
        "return-path", "subject", "to",
    }
)  # fmt: skip
"""Fields that the operation has parameters for, or that the service writes itself."""


async def send_email(call: Call) -> Mapping[str, Any]:
    """SendEmail of API v2: Simple, Raw or Template."""
    content = call.input["Content"]
    if len(content) != 1:
        raise Refusal("api.BadRequestException.content")
    if "Raw" in content:
        return await _raw(call, content["Raw"]["Data"], call.input.get("FromEmailAddress", ""))
    if "Template" in content:
        from sandbox.providers.ses.templated import send_one  # noqa: PLC0415 - templates are a room of their own

        return await send_one(call, content["Template"])
    simple = content["Simple"]
    body = simple["Body"]
    return await send(
        call,
        subject=text_of(simple["Subject"]),
        text=text_of(body["Text"]) if "Text" in body else None,
        html=text_of(body["Html"]) if "Html" in body else None,
        extra=simple,
    )


async def send_email_older(call: Call) -> Mapping[str, Any]:
    """SendEmail of API v1."""
    message = call.input["Message"]
    body = message["Body"]
    return await send(
        call,
        subject=text_of(message["Subject"]),
        text=text_of(body["Text"]) if "Text" in body else None,
        html=text_of(body["Html"]) if "Html" in body else None,
    )


async def send_raw_email(call: Call) -> Mapping[str, Any]:
    """SendRawEmail of API v1."""
    return await _raw(call, call.input["RawMessage"]["Data"], call.input.get("Source", ""))


async def send(
    call: Call,
    *,
    subject: Text,
    text: Text | None,
    html: Text | None,
    extra: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Compose a message of the call's addresses and send it; `extra` may have Headers and Attachments."""
    raw, sender, recipients = composed(call, call.input, subject=subject, text=text, html=html, extra=extra)
    known = {**attributes_of(call), **(attributes or {})}
    message_id = await submission.submit(call, raw=raw, sender=sender, recipients=recipients, attributes=known)
    return {"MessageId": message_id}


def composed(
    call: Call,
    given: Mapping[str, Any],
    *,
    subject: Text,
    text: Text | None,
    html: Text | None,
    extra: Mapping[str, Any] | None = None,
) -> tuple[bytes, str, list[str]]:
    """The message of an operation's addresses, its return path and its recipients; `given` has them by AWS names."""
    source = given.get("FromEmailAddress") or given.get("Source")
    if not source:
        raise Refusal("api.BadRequestException.no-sender")
    destination = given.get("Destination", {})
    to, cc, bcc = (mailboxes.read_all(destination.get(name, ())) for name in _FIELDS)
    extra = extra or {}
    draft = Draft(
        sender=mailboxes.read(source),
        to=to,
        cc=cc,
        reply_to=mailboxes.read_all(given.get("ReplyToAddresses", ())),
        subject=subject,
        text=text,
        html=html,
        headers=[custom_header(one) for one in extra.get("Headers", ())],
        attachments=[_attachment(one) for one in extra.get("Attachments", ())],
    )
    raw = build(draft, lambda: _boundary(call))
    returned = given.get("FeedbackForwardingEmailAddress") or given.get("ReturnPath")
    path = mailboxes.read(returned).address if returned else draft.sender.address
    return raw, path, [mailbox.address for mailbox in (*to, *cc, *bcc)]


def attributes_of(call: Call) -> dict[str, Any]:
    """What is remembered of a call that sends: configuration set, tags, sender, list."""
    given = call.input
    options = given.get("ListManagementOptions", {})
    return {
        "configuration_set": given.get("ConfigurationSetName"),
        "tags": submission.tags(given.get("EmailTags") or given.get("Tags") or given.get("DefaultTags") or ()),
        "source": given.get("FromEmailAddress") or given.get("Source"),
        "source_arn": given.get("FromEmailAddressIdentityArn") or given.get("SourceArn"),
        "from_arn": given.get("FromArn"),
        "return_arn": given.get("FeedbackForwardingEmailAddressIdentityArn") or given.get("ReturnPathArn"),
        "list": options.get("ContactListName"),
        "topic": options.get("TopicName"),
        "tenant": given.get("TenantName"),
        "tracking": given.get("ConfigurationOverrides", {}).get("Tracking"),
    }


def text_of(given: Mapping[str, str]) -> Text:
    """Data in a character set; raises `Refusal` for one that nobody knows."""
    charset = given.get("Charset") or "UTF-8"
    try:
        known = bool(_CHARSET.fullmatch(charset)) and bool("".encode(charset) is not None)
    except (LookupError, UnicodeError):
        known = False
    if not known or not codecs.lookup(charset)._is_text_encoding:  # noqa: SLF001 - rot13 and zip are no characters
        raise Refusal("api.BadRequestException.charset", parameter=charset[:40])
    return Text(data=given["Data"], charset=charset)


async def _raw(call: Call, raw: bytes, source: str) -> Mapping[str, Any]:
    try:
        block = headers.split(raw, HEADER_BLOCK)
    except Refusal as error:
        raise Refusal("api.BadRequestException.unparsable") from error
    if not block.first("from").strip():
        raise Refusal("api.BadRequestException.no-from-header")
    author = mailboxes.read(source).address if source else next(iter(headers.addresses(block.first("from"))), "")
    if not author:
        raise Refusal(mailboxes.REASON, parameter="Missing final '@domain'", address=block.first("from")[:320])
    returned = call.input.get("FeedbackForwardingEmailAddress") or ("" if source else block.first("return-path"))
    path = next(iter(headers.addresses(returned)), author) if returned else author
    attributes = attributes_of(call)
    attributes["source"] = attributes["source"] or block.first("from")
    message_id = await submission.submit(
        call, raw=raw, sender=path, recipients=_recipients(call, block), attributes=attributes
    )
    return {"MessageId": message_id}


def _recipients(call: Call, block: headers.HeaderBlock) -> Sequence[str]:
    """Those of the call; without any, those of the message's own fields."""
    destination = call.input.get("Destination", {})
    given = [*call.input.get("Destinations", ()), *(one for name in _FIELDS for one in destination.get(name, ()))]
    if given:
        return [mailbox.address for mailbox in mailboxes.read_all(given)]
    found = [
        address for name in ("to", "cc", "bcc") for value in block.all(name) for address in headers.addresses(value)
    ]
    for address in found:
        mailboxes.read(address)
    return found


def custom_header(given: Mapping[str, str]) -> tuple[str, str]:
    """A field of the client's own; raises `Refusal` for one that the service writes itself."""
    if given["Name"].lower() in RESERVED:
        raise Refusal("api.BadRequestException.header", parameter=given["Name"])
    return given["Name"], given["Value"]


def _attachment(given: Mapping[str, Any]) -> Attachment:
    return Attachment(
        content=given["RawContent"],
        name=given["FileName"],
        type=given.get("ContentType") or _guess(given["FileName"]),
        inline=given.get("ContentDisposition") == "INLINE",
        content_id=given.get("ContentId", ""),
        description=given.get("ContentDescription", ""),
        encoding=given.get("ContentTransferEncoding", "BASE64"),
    )


def _guess(name: str) -> str:
    import mimetypes  # noqa: PLC0415 - reads the system's tables, for those who attach something

    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _boundary(call: Call) -> str:
    random = call.account.ids.random
    return f"----=_Part_{random.randrange(1_000_000)}_{random.randrange(2_000_000_000)}.{int(call.now * 1000)}"


V1: Mapping[str, Handler] = {"SendEmail": send_email_older, "SendRawEmail": send_raw_email}
V2: Mapping[str, Handler] = {"SendEmail": send_email}
