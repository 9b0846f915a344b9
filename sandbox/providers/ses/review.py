"""SES's judgement of a whole message: its headers, identities, account and configuration set, in this order.

All of it happens after the final dot of DATA, or when the API has the message in one piece.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.headers import HeaderBlock, addresses
from sandbox.core.model import Channel, Resource, Submission
from sandbox.core.services import Services
from sandbox.providers.ses import (
    attachments,
    authorization,
    configuration_sets,
    identity,
    list_management,
    mail_from,
    owner,
    suppressing,
    tenant_sending,
    troubles,
)
from sandbox.providers.ses.simulator import simulated
from sandbox.providers.ses.submission import tag_problem

SINGLE = frozenset(
    name.lower()
    for name in (
        "Accept-Language", "acceptLanguage", "Archived-At", "Auto-Submitted", "Bounces-to", "Comments",
        "Content-Alternative", "Content-Base", "Content-Class", "Content-Description", "Content-Disposition",
        "Content-Duration", "Content-ID", "Content-Language", "Content-Length", "Content-Location", "Content-MD5",
        "Content-Transfer-Encoding", "Content-Type", "Date", "Delivered-To", "Disposition-Notification-Options",
        "Disposition-Notification-To", "DKIM-Signature", "DomainKey-Signature", "Errors-To", "From", "Importance",
        "In-Reply-To", "Keywords", "List-Archive", "List-Help", "List-Id", "List-Owner", "List-Post",
        "List-Subscribe", "List-Unsubscribe", "Message-Context", "Message-ID", "MIME-Version", "Organization",
        "Original-From", "Original-Message-ID", "Original-Recipient", "Original-Subject", "Precedence", "Priority",
        "References", "Reply-To", "Return-Path", "Return-Receipt-To", "Sender", "Solicitation", "Sensitivity",
        "Subject", "Thread-Index", "Thread-Topic", "User-Agent", "VBR-Info",
    )
)  # fmt: skip
"""Fields that a message may have only once (developer guide, Amazon SES supported header fields)."""
SHOWN = 50
"""Identities that one refusal names; `...` stands for more."""
_LIST = re.compile(r"\s*(?P<list>[^;\s]+)\s*(?:;\s*topic\s*=\s*(?P<topic>[^;\s]+)\s*)?", re.IGNORECASE)


@dataclass(kw_only=True)
class Case:
    """A message that is judged."""

    services: Services
    account: Account
    permissive: bool
    submission: Submission
    block: HeaderBlock
    settings: Mapping[str, Any]
    """Account-wide ones."""
    attributes: dict[str, Any] = field(default_factory=dict)

    def refuse(self, trouble: str, **params: object) -> Refusal:
        """The refusal that words a trouble on the message's channel."""
        if self.submission.channel is Channel.SMTP:
            return Refusal(f"smtp.{_SMTP[trouble]}", **params)
        older = self.submission.attributes.get("api") == "v1"
        return troubles.refusal("v1" if older else "v2", trouble, **params)


_SMTP: Mapping[str, str] = {
    "duplicate-header": "554.duplicate-header",
    "no-from": "554.no-from",
    "attachment": "554.attachment",
    "tag": "554.tag",
    "not-verified": "554.not-verified",
    "account-paused": "554.sending-paused",
    "set-paused": "554.configuration-set-paused",
    "no-configuration-set": "554.no-configuration-set",
    "mail-from": "554.mail-from",
    "no-contact-list": "554.no-contact-list",
    "no-topic-in-list": "554.no-topic",
    "no-tenant": "554.no-tenant",
    "tenant-paused": "554.tenant-paused",
    "tenant-resource": "554.tenant-resource",
    "entity-paused": "554.entity-paused",
}
"""Row of each trouble over SMTP."""


async def review(
    services: Services, account: Account, submission: Submission, block: HeaderBlock, *, permissive: bool
) -> dict[str, Any]:
    """What is remembered of a message that passes; raises `Refusal` for one that does not.

    `suppressed` names the recipients that are held back, with the reason.
    """
    settings = (await owner.owner(services, account)).settings
    case = Case(
        services=services,
        account=account,
        permissive=permissive,
        submission=submission,
        block=block,
        settings=settings,
        attributes={
            "source_ip": submission.envelope.client.rpartition(":")[0],
            "caller": submission.principal.user,
            **submission.attributes,
        },
    )
    _check_fields(case)
    _take_headers(case)
    await attachments.check(case)
    sender = await _check_identities(case)
    if not settings["sending_enabled"]:
        raise case.refuse("account-paused")
    chosen = await _configuration_set(case, sender)
    await mail_from.check(case, sender)
    await tenant_sending.check(case, sender, chosen)
    await _note_signer(case, sender)
    listed = await suppressing.held_back(services, account, submission, settings, chosen)
    listed = await tenant_sending.held_back(case, listed)
    case.attributes["suppressed"] = {**await list_management.held_back(case), **listed}
    return {name: value for name, value in case.attributes.items() if value}


async def _note_signer(case: Case, sender: Resource | None) -> None:
    """Which key signs and which domain takes bounces; what changes later changes nothing for this message."""
    author = next(iter(_authors(case)), case.submission.envelope.mail_from)
    found = await identity.signing(case.services, case.account, author)
    if found is not None:
        case.attributes["signer"] = {"identity": found.key, "selector": identity.selector_of(found)}
    case.attributes["mail_from"] = mail_from.domain(sender)
    case.attributes["unreported"] = sender is not None and not sender.data.get("feedback", True)


def _check_fields(case: Case) -> None:
    seen: set[str] = set()
    for one in case.block:
        name = one.name.lower()
        if name in SINGLE and name in seen:
            raise case.refuse("duplicate-header", parameter=one.name, header=one.name)
        seen.add(name)
    if "from" not in seen:
        raise case.refuse("no-from")


def _take_headers(case: Case) -> None:
    """What the client says in X-SES-* fields; parameters of the call come before them."""
    attributes, block = case.attributes, case.block
    attributes.setdefault("configuration_set", block.first("x-ses-configuration-set").strip())
    attributes.setdefault("source_arn", block.first("x-ses-source-arn").strip())
    attributes.setdefault("from_arn", block.first("x-ses-from-arn").strip())
    attributes.setdefault("return_arn", block.first("x-ses-return-path-arn").strip())
    attributes.setdefault("tenant", block.first("x-ses-tenant").strip())
    found = _LIST.fullmatch(block.first("x-ses-list-management-options"))
    if found:
        attributes.setdefault("list", found["list"])
        attributes.setdefault("topic", found["topic"])
    if not attributes.get("tags"):
        attributes["tags"] = _tags(case)


def _tags(case: Case) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in case.block.all("x-ses-message-tags"):
        for part in filter(str.strip, text.split(",")):
            name, _, value = (piece.strip() for piece in part.partition("="))
            if problem := tag_problem(name, value):
                raise case.refuse("tag", parameter=problem)
            found.setdefault(name, []).append(value)
    return found


async def _check_identities(case: Case) -> Resource | None:
    """Refuse senders, and in the sandbox recipients, that no verified identity covers; the identity that sends."""
    author = next(iter(_authors(case)), case.submission.envelope.mail_from)
    if case.permissive:
        return await identity.sending(case.services, case.account, author)
    failed = [one for one in _senders(case) if not await authorization.may_send(case, one)]
    if not case.settings["production_access"]:
        failed += [
            address
            for address in case.submission.envelope.rcpt_to
            if not simulated(address) and not await authorization.may_send(case, address)
        ]
    if failed:
        names = list(dict.fromkeys(failed))
        shown = ", ".join(names[:SHOWN]) + ("..." if len(names) > SHOWN else "")
        region = case.services.providers["ses"].region.upper()
        raise case.refuse("not-verified", address=shown, region=region)
    return await authorization.identity_of(case, author)


def _authors(case: Case) -> Sequence[str]:
    return [address for value in case.block.all("from") for address in addresses(value)]


def _senders(case: Case) -> list[str]:
    """Everybody in whose name the message goes out, each once."""
    named = [case.submission.envelope.mail_from, *_authors(case)]
    named += [address for name in ("sender", "return-path") for address in addresses(case.block.first(name))]
    return list(dict.fromkeys(filter(None, named)))


async def _configuration_set(case: Case, sender: Resource | None) -> Resource | None:
    """The configuration set in force: the one named, else the identity's own."""
    name = case.attributes.get("configuration_set")
    if not name:
        name = sender.data.get("configuration_set") if sender else None
        case.attributes["configuration_set"] = name
    if not name:
        return None
    found = await configuration_sets.get(case.services, case.account, name)
    if found is None:
        raise case.refuse("no-configuration-set", resource=name)
    if not configuration_sets.sending_enabled(found):
        raise case.refuse("set-paused", resource=name)
    return found
