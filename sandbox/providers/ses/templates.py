"""Email templates: stored, shown, and tried with data."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.delivered_copy import without
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.raw_fields import join, split
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import rendering
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.compose import Draft, Text, build
from sandbox.providers.ses.mailboxes import Mailbox
from sandbox.providers.ses.model import Name
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.records import record
from sandbox.providers.ses.rendering import RenderedParts, RenderingFailure
from sandbox.providers.ses.troubles import refusal

KIND = "template"
MOST = 10_000
"""Templates of an account."""
SIZE = 500_000
"""Octets of a template's parts together."""
_OLDER = {"SubjectPart": "Subject", "TextPart": "Text", "HtmlPart": "Html"}


async def get(services: Services, account: Account, name: str) -> Resource | None:
    """The template of this name."""
    return await services.store.resources.find(account.id, "ses", KIND, name)


async def needed(call: Call, name: str) -> Resource:
    """The template that a call names; `Refusal` when there is none."""
    found = await get(call.services, call.account, name)
    if found is None:
        raise refusal(call.api, "no-template", resource=name)
    return found


async def content_of(call: Call, wish: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Name and parts of the template that a send names: a stored one, by name or ARN, or one given inline."""
    if "TemplateContent" in wish:
        rendering.check(call.api, wish["TemplateContent"])
        return "", wish["TemplateContent"]
    arn = str(wish.get("TemplateArn") or "")
    name = str(wish.get("TemplateName") or arn.partition(":template/")[2])
    if not name:
        raise Refusal("api.BadRequestException.template-missing")
    return name, (await needed(call, name)).data["content"]


async def render(api: Name, template: Mapping[str, Any], data: Mapping[str, Any]) -> RenderedParts:
    """A template with data, as `rendering.render`, but what fails is refused at once."""
    try:
        return await rendering.render(template, data)
    except RenderingFailure as failure:
        if failure.attribute:
            raise refusal(api, "missing-attribute", resource=failure.attribute) from failure
        raise refusal(api, "rendering", parameter=str(failure)) from failure


def data_of(api: Name, text: str) -> Mapping[str, Any]:
    """Template data from its JSON text."""
    return rendering.data_of(api, text)


async def create_email_template(call: Call) -> Mapping[str, Any]:
    """CreateEmailTemplate."""
    await _create(call, call.input["TemplateName"], call.input["TemplateContent"], call.input.get("Tags", []))
    return {}


async def create_template(call: Call) -> Mapping[str, Any]:
    """CreateTemplate of API v1."""
    template = call.input["Template"]
    await _create(call, template["TemplateName"], _from_older(template), [])
    return {}


async def _create(call: Call, name: str, content: Mapping[str, Any], tags: list[Any]) -> None:
    _check(call, content)
    if len(await call.services.store.resources.all(call.account.id, "ses", KIND)) >= MOST:
        raise Refusal("api.LimitExceededException.templates", limit=MOST)
    try:
        data = {"content": dict(content), "tags": tags}
        await call.services.store.resources.add(record(call.account, KIND, name, data))
    except DuplicateKeyError as error:
        raise refusal(call.api, "template-exists", resource=name) from error


def _check(call: Call, content: Mapping[str, Any]) -> None:
    if sum(len(text.encode()) for text in content.values()) > SIZE:
        raise refusal(call.api, "template-size", limit=SIZE)
    rendering.check(call.api, content)


async def get_email_template(call: Call) -> Mapping[str, Any]:
    """GetEmailTemplate."""
    found = await needed(call, call.input["TemplateName"])
    return {"TemplateName": found.key, "TemplateContent": found.data["content"], "Tags": found.data["tags"] or None}


async def get_template(call: Call) -> Mapping[str, Any]:
    """GetTemplate of API v1."""
    found = await needed(call, call.input["TemplateName"])
    parts = {older: found.data["content"].get(part) for older, part in _OLDER.items()}
    return {"Template": {"TemplateName": found.key, **parts}}


async def update_email_template(call: Call) -> Mapping[str, Any]:
    """UpdateEmailTemplate."""
    await _update(call, call.input["TemplateName"], call.input["TemplateContent"])
    return {}


async def update_template(call: Call) -> Mapping[str, Any]:
    """UpdateTemplate of API v1."""
    template = call.input["Template"]
    await _update(call, template["TemplateName"], _from_older(template))
    return {}


async def _update(call: Call, name: str, content: Mapping[str, Any]) -> None:
    found = await needed(call, name)
    _check(call, content)
    await call.services.store.resources.change(found, call.now, lambda data: {**data, "content": dict(content)})


async def delete_email_template(call: Call) -> Mapping[str, Any]:
    """DeleteEmailTemplate; there must be one."""
    await call.services.store.resources.remove(await needed(call, call.input["TemplateName"]))
    return {}


async def delete_template(call: Call) -> Mapping[str, Any]:
    """DeleteTemplate of API v1; doing it twice is no error."""
    found = await get(call.services, call.account, call.input["TemplateName"])
    if found is not None:
        await call.services.store.resources.remove(found)
    return {}


async def list_templates(call: Call) -> Mapping[str, Any]:
    """ListEmailTemplates, and ListTemplates of API v1; the newest first."""
    rows = (await call.services.store.resources.all(call.account.id, "ses", KIND))[::-1]
    size = call.input.get("PageSize") or call.input.get("MaxItems")
    shown, token = page(rows, size=size, token=call.input.get("NextToken"), default=10)
    name = "Name" if call.api == "v1" else "TemplateName"
    return {
        "TemplatesMetadata": [{name: row.key, "CreatedTimestamp": row.created} for row in shown],
        "NextToken": token,
    }


async def test_render(call: Call) -> Mapping[str, Any]:
    """TestRenderEmailTemplate, and TestRenderTemplate of API v1: the message that a template makes."""
    found = await needed(call, call.input["TemplateName"])
    parts = await render(call.api, found.data["content"], data_of(call.api, call.input["TemplateData"]))
    return {"RenderedTemplate": _mime(call, parts)}


def _from_older(template: Mapping[str, Any]) -> dict[str, str]:
    return {part: template[older] for older, part in _OLDER.items() if older in template}


def _mime(call: Call, parts: RenderedParts) -> str:
    """The message without addresses, as the service shows it."""
    draft = Draft(
        sender=Mailbox("nobody@example.com"),
        subject=Text(data=parts.subject),
        text=Text(data=parts.text or ""),
        html=Text(data=parts.html or ""),
    )
    ids = call.account.ids
    made = split(build(draft, lambda: f"----=_Part_{ids.hex(6)}_{ids.hex(8)}.{int(call.now * 1000)}"))
    date = f"Date: {formatdate(call.now)}\r\n".encode("ascii")
    return join([date, *without(made.fields, {b"from"})], made.body).decode("utf-8", "replace")


V2: Mapping[str, Handler] = {
    "CreateEmailTemplate": create_email_template,
    "DeleteEmailTemplate": delete_email_template,
    "GetEmailTemplate": get_email_template,
    "ListEmailTemplates": list_templates,
    "TestRenderEmailTemplate": test_render,
    "UpdateEmailTemplate": update_email_template,
}
V1: Mapping[str, Handler] = {
    "CreateTemplate": create_template,
    "DeleteTemplate": delete_template,
    "GetTemplate": get_template,
    "ListTemplates": list_templates,
    "TestRenderTemplate": test_render,
    "UpdateTemplate": update_template,
}
