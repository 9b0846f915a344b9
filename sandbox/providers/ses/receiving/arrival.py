"""How mail arrives: by SMTP from anybody, or as the delivered copy of something that was sent to a verified domain."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from sandbox.core.accounts import Account
from sandbox.core.delivered_copy import SENDING_ADDRESS, DeliveredCopy
from sandbox.core.errors import Condition, NotFoundError, Refusal
from sandbox.core.model import Channel, Envelope, Event, MessageRecord, Principal, Receipt, Submission
from sandbox.core.raw_fields import with_crlf
from sandbox.core.services import Services
from sandbox.providers.ses import identity, zones
from sandbox.providers.ses.receiving import filters, matching, rule_sets, trace
from sandbox.providers.ses.receiving.verdicts import verdicts
from sandbox.wire.personality import Receiving

ID_LENGTH = 40
NOBODY = "smtp.550.no-mailbox"
BLOCKED = "smtp.550.blocked-address"


def host(services: Services) -> str:
    """The name of the region's receiving host."""
    return zones.inbound_host(services.providers["ses"].region)


async def is_open(services: Services) -> bool:
    """Whether any account has an active rule set."""
    for account in services.accounts.all():
        if await rule_sets.active(services, account) is not None:
            return True
    return False


async def takers(services: Services, recipient: str, client: str, secured: bool) -> Sequence[str]:
    """The accounts that receive mail for an address: its domain is verified, and a rule is for it.

    None when no account with an active rule set has verified the domain. Refuses a mailbox that no rule is for, a
    client that the filters block, and one without TLS where the rules want it.
    """
    owners = [one for one in services.accounts.all() if await _owns(services, one, recipient)]
    if not owners:
        return []
    found, reason = [], Refusal(NOBODY, address=recipient, recipient=recipient)
    for account in owners:
        rules = await rule_sets.active_rules(services, account)
        if not any(matching.applies(rule, recipient) for rule in rules):
            continue
        if not matching.admitted(await filters.stored(services, account), client):
            reason = Refusal(BLOCKED, client=client)
        elif not secured and matching.needs_tls(rules, recipient):
            reason = Refusal(Condition.TLS_REQUIRED)
        else:
            found.append(account.id)
    if not found:
        raise reason
    return found


async def _owns(services: Services, account: Account, recipient: str) -> bool:
    if await rule_sets.active(services, account) is None:
        return False
    domains = [name for name in identity.candidates(recipient) if not identity.is_address(name)]
    found = [await identity.find(services, account, name) for name in domains]
    return any(identity.verified(one) for one in found if one is not None)


async def receive(services: Services, submission: Submission) -> Receipt:
    """Take a message in: check it, put the trace fields in front, store it; the rules run afterwards."""
    record = await _keep(services, submission)
    return Receipt(
        message=record.id,
        message_id=record.message_id,
        envelope_id=record.envelope_id,
        accepted=record.envelope.rcpt_to,
        suppressed=(),
    )


async def _keep(services: Services, submission: Submission) -> MessageRecord:
    account = services.accounts.get(submission.principal.account)
    rules = await rule_sets.active_rules(services, account)
    raw = with_crlf(submission.raw)
    copy = _copy(submission, raw, account.clock.now())
    scans = any(rule.get("ScanEnabled") for rule in rules if _meets(rule, submission))
    found = await verdicts(services, account, copy, scans=scans)
    message_id = account.ids.alphanumeric(ID_LENGTH)
    head = trace.fields(account, copy, found, host=host(services), message_id=message_id)
    kept = Submission(
        principal=submission.principal,
        channel=submission.channel,
        envelope=submission.envelope,
        raw=head + raw,
        session=submission.session,
        attributes={**submission.attributes, "received": {"verdicts": found.words, "at": copy.address}},
    )
    return await services.intake.receive(kept, message_id)


def _meets(rule: matching.Rule, submission: Submission) -> bool:
    return any(matching.applies(rule, one) for one in submission.envelope.rcpt_to)


def _copy(submission: Submission, raw: bytes, now: float) -> DeliveredCopy:
    """The message as its verdicts are found: who sent it, from where."""
    envelope = submission.envelope
    return DeliveredCopy(
        octets=raw,
        recipient=envelope.rcpt_to[0],
        return_path=envelope.mail_from,
        helo=envelope.helo,
        at=now,
        address=_address(envelope.client),
    )


def _address(client: str) -> str:
    """The IP address of `address:port`; the sandbox's own when there is none."""
    address = client.rpartition(":")[0].strip("[]") or client
    try:
        return str(ip_address(address))
    except ValueError:
        return SENDING_ADDRESS


async def from_delivery(services: Services, event: Event) -> None:
    """Receive what was just delivered to a recipient, when its domain is received here; nothing otherwise."""
    recipient = event.recipient or ""
    record = await services.store.messages.get(event.account, event.message or "")
    if record is None or "received" in record.attributes:
        return
    try:
        accounts = await takers(services, recipient, SENDING_ADDRESS, secured=True)
        sender = services.accounts.get(event.account)
    except (Refusal, NotFoundError):
        return
    copy = await _delivered(services, sender, record, recipient)
    for account in accounts:
        await receive(services, _submission(account, record, copy, recipient))


async def _delivered(services: Services, account: Account, record: MessageRecord, recipient: str) -> DeliveredCopy:
    raw = await services.store.messages.raw(account.id, record.id) or b""
    copies = services.providers[record.provider].copies
    if copies is not None:
        return await copies.get(account, record, raw, recipient)
    return DeliveredCopy(
        octets=raw,
        recipient=recipient,
        return_path=record.envelope.mail_from,
        helo="localhost",
        at=account.clock.now(),
    )


def _submission(account: str, record: MessageRecord, copy: DeliveredCopy, recipient: str) -> Submission:
    return Submission(
        principal=Principal(account=account, provider="ses", user="", credential=""),
        channel=Channel.SMTP,
        envelope=Envelope(
            mail_from=copy.return_path, rcpt_to=(recipient,), helo=copy.helo, client=f"{copy.address}:25"
        ),
        raw=copy.octets,
        session=record.session,
        attributes={"tls": True},
    )


RECEIVING = Receiving(ports=(25,), open=is_open, takers=takers, receive=receive)
"""What the SMTP endpoint needs to take mail in."""
