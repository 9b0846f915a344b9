"""Custom verification mails: their templates, and sending them, which makes an identity that waits for its link."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import configuration_sets, identity, mailboxes, named, registry, verification_mail
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.compose import Draft, Text, build
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.records import record
from sandbox.providers.ses.troubles import refusal

KIND = "custom-verification-template"
MOST = 50
"""Templates of an account."""
SIZE = 10_485_760
"""Octets of a template's content."""
_MEMBERS = ("FromEmailAddress", "TemplateSubject", "TemplateContent", "SuccessRedirectionURL", "FailureRedirectionURL")
_URLS = ("SuccessRedirectionURL", "FailureRedirectionURL")


async def create(call: Call) -> Mapping[str, Any]:
    """CreateCustomVerificationEmailTemplate of either API."""
    name = call.input["TemplateName"]
    await _check(call)
    if len(await named.rows(call, KIND)) >= MOST:
        raise Refusal("api.LimitExceededException.verification-templates", limit=MOST)
    data = {**{member: call.input[member] for member in _MEMBERS}, "tags": call.input.get("Tags", [])}
    try:
        await call.services.store.resources.add(record(call.account, KIND, name, data))
    except DuplicateKeyError as error:
        raise refusal(call.api, "verification-template-exists", resource=name) from error
    return {}


async def get(call: Call) -> Mapping[str, Any]:
    """GetCustomVerificationEmailTemplate of either API."""
    found = await _needed(call)
    tags = {"Tags": found.data["tags"]} if call.api == "v2" and found.data["tags"] else {}
    return {"TemplateName": found.key, **{member: found.data[member] for member in _MEMBERS}, **tags}


async def update(call: Call) -> Mapping[str, Any]:
    """UpdateCustomVerificationEmailTemplate of either API; what is left out stays."""
    found = await _needed(call)
    await _check(call)
    await named.change(call, found, **{member: call.input[member] for member in _MEMBERS if member in call.input})
    return {}


async def delete(call: Call) -> Mapping[str, Any]:
    """DeleteCustomVerificationEmailTemplate; through API v1 doing it twice is no error."""
    found = await call.services.store.resources.find(call.account.id, "ses", KIND, call.input["TemplateName"])
    if found is None and call.api == "v2":
        raise refusal(call.api, "no-verification-template", resource=call.input["TemplateName"])
    if found is not None:
        await call.services.store.resources.remove(found)
    return {}


async def listed(call: Call) -> Mapping[str, Any]:
    """ListCustomVerificationEmailTemplates of either API."""
    size = call.input.get("PageSize") or call.input.get("MaxResults")
    shown, token = page(await named.rows(call, KIND), size=size, token=call.input.get("NextToken"), default=50)
    members = [member for member in _MEMBERS if member != "TemplateContent"]
    rows = [{"TemplateName": row.key, **{member: row.data[member] for member in members}} for row in shown]
    return {"CustomVerificationEmailTemplates": rows, "NextToken": token}


async def send(call: Call) -> Mapping[str, Any]:
    """SendCustomVerificationEmail of either API: adds the address as an identity, and mails it its link."""
    template = await _needed(call)
    if not call.owner.settings["production_access"]:
        raise refusal(call.api, "no-production")
    await _check_sender(call, template.data["FromEmailAddress"])
    chosen = call.input.get("ConfigurationSetName")
    if chosen:
        await configuration_sets.needed(call)
    address = call.input["EmailAddress"]
    found = await _identity(call, address, template)
    return {"MessageId": await _mail(call, found, template, chosen)}


async def _identity(call: Call, address: str, template: Resource) -> Resource:
    """The identity that waits for its link, made now when there is none."""
    if not identity.is_address(registry.check_name(address)):
        raise Refusal("api.BadRequestException.identity", parameter=f"Invalid email address<{address[:320]}>.")
    found = await registry.known(call, address) or await registry.added(call, address, mail=False)
    urls = {"success_url": template.data[_URLS[0]], "failure_url": template.data[_URLS[1]]}
    verification = {**found.data["verification"], **urls}
    if not identity.verified(found):
        verification |= {"status": identity.PENDING, "started": call.now}
    return await registry.change(call, found, {"verification": verification})


async def _mail(call: Call, found: Resource, template: Resource, chosen: str | None) -> str:
    """The template's content with the link behind it."""
    link = verification_mail.link_of(call.services, call.account, found)
    content = f'{template.data["TemplateContent"]}\r\n<p><a href="{escape(link)}">{escape(link)}</a></p>\r\n'
    sender, subject = mailboxes.read(template.data["FromEmailAddress"]), template.data["TemplateSubject"]
    draft = Draft(
        sender=sender,
        to=[mailboxes.Mailbox(found.key)],
        subject=Text(data=subject),
        html=Text(data=content),
    )
    raw = build(draft, lambda: call.account.ids.hex(32))
    more = {
        "operation": call.operation,
        "caller": call.principal.user,
        **({"configuration_set": chosen} if chosen else {}),
    }
    return await verification_mail.post(
        call, raw, sender=sender.address, recipient=found.key, subject=subject, more=more
    )


async def _check(call: Call) -> None:
    """Refuse a template whose sender may not send, whose text is too long, or that leads nowhere."""
    if "FromEmailAddress" in call.input:
        await _check_sender(call, call.input["FromEmailAddress"])
    if len(call.input.get("TemplateContent", "").encode()) > SIZE:
        raise refusal(call.api, "verification-content", parameter="TemplateContent")
    for member in _URLS:
        if member in call.input and urlsplit(call.input[member]).scheme not in ("http", "https"):
            raise refusal(call.api, "verification-content", parameter=member)


async def _check_sender(call: Call, sender: str) -> None:
    address = mailboxes.read(sender).address
    if call.services.permissive or await identity.sending(call.services, call.account, address):
        return
    raise refusal(call.api, "sender-not-verified", address=address)


async def _needed(call: Call) -> Resource:
    name = call.input["TemplateName"]
    found = await call.services.store.resources.find(call.account.id, "ses", KIND, name)
    if found is None:
        raise refusal(call.api, "no-verification-template", resource=name)
    return found


V2: Mapping[str, Handler] = {
    "CreateCustomVerificationEmailTemplate": create,
    "DeleteCustomVerificationEmailTemplate": delete,
    "GetCustomVerificationEmailTemplate": get,
    "ListCustomVerificationEmailTemplates": listed,
    "SendCustomVerificationEmail": send,
    "UpdateCustomVerificationEmailTemplate": update,
}
V1: Mapping[str, Handler] = V2
