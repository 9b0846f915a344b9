"""The mail that asks whether an address is its owner's, and the page behind its link."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.core.accounts import Account
from sandbox.core.errors import NotFoundError
from sandbox.core.model import Channel, Envelope, MessageRecord, Outcome, RecipientRecord, Resource
from sandbox.core.services import Services
from sandbox.providers.ses.call import Call
from sandbox.providers.ses.compose import Draft, Text, build
from sandbox.providers.ses.identity import KIND, SUCCESS
from sandbox.providers.ses.ids import mail_domain, message_id
from sandbox.providers.ses.mailboxes import Mailbox
from sandbox.providers.ses.verification import LINKED

PATH = "/ses/verify/{account}/{link}"
SENDER = Mailbox("no-reply-aws@amazon.com", "Amazon Web Services")
_SUBJECT = "Amazon Web Services - Email Address Verification Request in region {region}"
_TEXT = """Dear Amazon Web Services Customer,

Someone asked to use {address} with Amazon SES in region {region}.

If that was you, open this link within 24 hours:

{link}

If it was not you, do nothing: the address will not be verified.

(This mail was made by the sandbox; no real service has sent it.)
"""
_DONE = (
    "<!doctype html><title>Verified</title><p>You have verified the address. It can be used with Amazon SES now.</p>"
)
_FAILED = "<!doctype html><title>Not verified</title><p>This link is not valid, or no longer.</p>"


def link_of(services: Services, account: Account, identity: Resource) -> str:
    """The address of the page that verifies an identity."""
    base = services.endpoints.get("http", "")
    return f"{base}/ses/verify/{quote(account.id)}/{quote(identity.data['verification']['link'])}"


async def send(call: Call, identity: Resource) -> str:
    """Send the service's own verification mail; returns its id."""
    known = {
        "region": call.region,
        "address": identity.key,
        "link": link_of(call.services, call.account, identity),
    }
    draft = Draft(
        sender=SENDER,
        to=[Mailbox(identity.key)],
        subject=Text(data=_SUBJECT.format(**known)),
        text=Text(data=_TEXT.format(**known)),
    )
    raw = build(draft, lambda: call.account.ids.hex(32))
    return await post(call, raw, sender=SENDER.address, recipient=identity.key, subject=_SUBJECT.format(**known))


async def post(
    call: Call,
    raw: bytes,
    *,
    sender: str,
    recipient: str,
    subject: str,
    more: Mapping[str, Any] | None = None,
) -> str:
    """Put a mail of the service itself into the queue: it is not judged and uses no quota; returns its id.

    `more` are attributes of the message.
    """
    account, now = call.account, call.now
    made = message_id(account, call.region)
    record = MessageRecord(
        id=account.ids.sortable(now),
        account=account.id,
        provider="ses",
        channel=Channel.HTTPS,
        session=call.exchange.transcript.session,
        envelope=Envelope(mail_from=sender, rcpt_to=(recipient,), client=call.exchange.client),
        sender=sender,
        to=recipient,
        subject=subject,
        message_id=f"{made}@{mail_domain(call.region)}",
        envelope_id=made,
        accepted=now,
        size=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        units=0,
        recipients=(RecipientRecord(address=recipient, outcome=Outcome.QUEUED, due=now),),
        attributes={"operation": "verification", **(more or {})},
    )
    data = {"provider": "ses", "subject": subject, "sender": sender, "recipients": [recipient], "size": len(raw)}
    event = {"account": account.id, "at": now, "message": record.id, "type": "message.accepted", "data": data}
    await call.services.store.messages.accept(record, raw, [event])
    call.services.delivery.wake()
    return made


def pages(services: Services, section: Any) -> Sequence[BaseRoute]:  # noqa: ARG001 - every family has the same door
    """The page behind the links."""

    async def verify(request: Request) -> Response:
        return await _verify(services, request.path_params["account"], request.path_params["link"])

    return [Route(PATH, verify, methods=["GET"])]


async def _verify(services: Services, name: str, link: str) -> Response:
    try:
        account = services.accounts.get(name)
    except NotFoundError:
        return HTMLResponse(_FAILED, 404)
    rows = await services.store.resources.all(account.id, "ses", KIND)
    found = next((row for row in rows if row.data["verification"].get("link") == link), None)
    if found is None:
        return HTMLResponse(_FAILED, 404)
    verification, now = found.data["verification"], account.clock.now()
    fine = verification["status"] == SUCCESS or now <= verification["started"] + LINKED
    if fine:
        await services.store.resources.change(found, now, lambda data: {**data, "verification": _passed(data, now)})
    target = verification.get("success_url" if fine else "failure_url")
    if target and urlsplit(target).scheme in ("http", "https"):
        return RedirectResponse(target, 302)
    return HTMLResponse(_DONE if fine else _FAILED, 200 if fine else 410)


def _passed(data: Mapping[str, Any], now: float) -> dict[str, Any]:
    return {**data["verification"], "status": SUCCESS, "checked": now, "succeeded": now}
