"""Operations that send what templates make: one message, or many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core import headers
from sandbox.core.errors import Condition, Refusal
from sandbox.core.headers import addresses
from sandbox.core.model import Channel
from sandbox.providers.ses import rendering, submission, templates
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.compose import Text
from sandbox.providers.ses.events import failures
from sandbox.providers.ses.rendering import RenderingFailure
from sandbox.providers.ses.sending import attributes_of, composed, send

ENTRIES = 50
"""Destinations of one bulk call."""
_BLOCK = 262_144
_STATUS: Mapping[str, tuple[str, str]] = {
    "MessageRejected": ("MESSAGE_REJECTED", "MessageRejected"),
    "MailFromDomainNotVerifiedException": ("MAIL_FROM_DOMAIN_NOT_VERIFIED", "MailFromDomainNotVerified"),
    "SendingPausedException": ("ACCOUNT_SENDING_PAUSED", "AccountSendingPaused"),
    "TooManyRequestsException": ("ACCOUNT_THROTTLED", "AccountThrottled"),
    "BadRequestException": ("INVALID_PARAMETER", "InvalidParameterValue"),
    "ServiceUnavailableException": ("TRANSIENT_FAILURE", "TransientFailure"),
}
"""Code of an error → the status of an entry in API v2 and in API v1."""
_WHOLE = frozenset(
    {
        "NotFoundException", "ConfigurationSetDoesNotExist", "ConfigurationSetSendingPausedException",
        "SendingPausedException", "AccountSendingPausedException",
    }
)  # fmt: skip
"""What concerns every entry alike and so refuses the call."""


async def send_one(call: Call, wish: Mapping[str, Any]) -> Mapping[str, Any]:
    """SendEmail of API v2 with a template."""
    name, content = await templates.content_of(call, wish)
    return await _send(call, name, content, rendering.data_of(call.api, wish.get("TemplateData") or "{}"), wish)


async def send_templated_email(call: Call) -> Mapping[str, Any]:
    """SendTemplatedEmail of API v1."""
    name, content = await templates.content_of(call, _older(call))
    return await _send(call, name, content, rendering.data_of(call.api, call.input["TemplateData"]))


async def _send(
    call: Call,
    name: str,
    content: Mapping[str, Any],
    data: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Fill in a template and send it. Data that does not fit is no error of the call: an event tells of it."""
    try:
        parts = await rendering.render(content, data)
    except RenderingFailure as failure:
        return {"MessageId": await _failed(call, name, failure)}
    return await send(
        call,
        subject=Text(data=parts.subject),
        text=None if parts.text is None else Text(data=parts.text),
        html=None if parts.html is None else Text(data=parts.html),
        extra=extra,
        attributes={"template": name},
    )


async def _failed(call: Call, name: str, failure: RenderingFailure) -> str:
    """Judge the message as if it had been made, and tell that it could not be."""
    raw, sender, recipients = composed(call, call.input, subject=Text(data=""), text=Text(data=""), html=None)
    attributes = {**attributes_of(call), "template": name}
    prepared = submission.prepare(call, raw=raw, sender=sender, recipients=recipients, attributes=attributes)
    block = headers.split(raw, _BLOCK)
    remembered = await call.exchange.state.rules.review(call.account, prepared, block)
    return await failures.tell(call, prepared, remembered, block.decoded("from"), template=name, error=str(failure))


async def send_bulk_email(call: Call) -> Mapping[str, Any]:
    """SendBulkEmail: each entry with its own data on top of the default."""
    wish = call.input["DefaultContent"].get("Template")
    if not wish:
        raise Refusal("api.BadRequestException.template-missing")
    name, content = await templates.content_of(call, wish)
    default = rendering.data_of(call.api, wish.get("TemplateData") or "{}")
    entries = call.input["BulkEmailEntries"]
    _check_count(entries)
    results = []
    for entry in entries:
        own = entry.get("ReplacementEmailContent", {}).get("ReplacementTemplate", {}).get("ReplacementTemplateData")
        extra = {**wish, "Headers": _merged(wish.get("Headers", ()), entry.get("ReplacementHeaders", ()))}
        tags = _merged(call.input.get("DefaultEmailTags", ()), entry.get("ReplacementTags", ()))
        one = call.with_input({**call.input, "Destination": entry["Destination"], "EmailTags": tags})
        results.append(await _entry(one, name, content, default, own, extra))
    return {"BulkEmailEntryResults": results}


async def send_bulk_templated_email(call: Call) -> Mapping[str, Any]:
    """SendBulkTemplatedEmail of API v1."""
    name, content = await templates.content_of(call, _older(call))
    default = rendering.data_of(call.api, call.input["DefaultTemplateData"])
    entries = call.input["Destinations"]
    _check_count(entries)
    results = []
    for entry in entries:
        tags = _merged(call.input.get("DefaultTags", ()), entry.get("ReplacementTags", ()))
        given = {key: value for key, value in call.input.items() if key != "Destinations"}
        one = call.with_input({**given, "Destination": entry["Destination"], "Tags": tags})
        results.append(await _entry(one, name, content, default, entry.get("ReplacementTemplateData")))
    return {"Status": results}


async def _entry(
    call: Call,
    name: str,
    content: Mapping[str, Any],
    default: Mapping[str, Any],
    own: str | None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What became of one entry; raises only what concerns all of them."""
    try:
        data = {**default, **rendering.data_of(call.api, own or "{}")}
        sent = await _send(call, name, content, data, extra)
    except Refusal as refusal:
        return _refused(call, refusal)
    return {"Status": "Success" if call.api == "v1" else "SUCCESS", "MessageId": sent["MessageId"]}


def _refused(call: Call, refusal: Refusal) -> dict[str, Any]:
    exchange = call.exchange
    entry = exchange.state.catalog.find(refusal, Channel.HTTPS, exchange.stage)
    sender = call.input.get("FromEmailAddress") or call.input.get("Source") or ""
    own = set(addresses(sender)) & set(str(refusal.params.get("address", "")).split(", "))
    if entry.code in _WHOLE or own:
        raise refusal
    newer, older = _STATUS.get(entry.code, ("FAILED", "Failed"))
    if refusal.reason is Condition.OVER_DAY_LIMIT:
        newer, older = "ACCOUNT_DAILY_QUOTA_EXCEEDED", "AccountDailyQuotaExceeded"
    text = entry.fill({"limit": "", "address": sender, **refusal.params}, exchange.state.wording)
    return {"Status": older if call.api == "v1" else newer, "Error": text}


def _older(call: Call) -> dict[str, Any]:
    """The template that a call of API v1 names."""
    return {"TemplateName": call.input["Template"], "TemplateArn": call.input.get("TemplateArn")}


def _check_count(entries: Sequence[Any]) -> None:
    if len(entries) > ENTRIES:
        raise Refusal("api.BadRequestException.bulk-entries", limit=ENTRIES)


def _merged(default: Sequence[Mapping[str, str]], own: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Named values, an entry's own before the default ones of the same name."""
    names = {one["Name"].lower() for one in own}
    return [*(one for one in default if one["Name"].lower() not in names), *own]


V2: Mapping[str, Handler] = {"SendBulkEmail": send_bulk_email}
V1: Mapping[str, Handler] = {
    "SendBulkTemplatedEmail": send_bulk_templated_email,
    "SendTemplatedEmail": send_templated_email,
}
