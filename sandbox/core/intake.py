"""The one door in: every submission of every provider and channel is decided and made durable here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.core import arrivals, headers
from sandbox.core.accounts import Account, Accounts
from sandbox.core.errors import Condition, Refusal, StoreError
from sandbox.core.model import MessageRecord, Outcome, Receipt, RecipientRecord, Submission
from sandbox.core.policy import Rules, SizeRules
from sandbox.core.recording import record_of, told
from sandbox.core.store import Store
from sandbox.core.store.resources import Edit


@dataclass(kw_only=True)
class _Decided:
    """A submission that passed every rule."""

    block: headers.HeaderBlock
    senders: list[str]
    suppressed: set[str] = field(default_factory=set)
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Intake:
    """Accepts submissions for any provider whose rules it was given."""

    def __init__(
        self,
        *,
        store: Store,
        accounts: Accounts,
        rules: dict[str, Rules],
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        """`accepted` is called after each commit, to wake the delivery."""
        self._store = store
        self._accounts = accounts
        self._rules = rules
        self._accepted = accepted

    async def check_sender(self, submission_account: Account, provider: str, sender: str, approved: bool) -> None:
        """Refuse at MAIL what could only be refused later: a sender that isn't approved, an exhausted quota."""
        if not approved:
            raise Refusal(Condition.SENDER_NOT_APPROVED, address=sender)
        ledger = await self._accounts.ledger(submission_account, provider)
        ledger.check(submission_account.clock.now(), 1, self._rules[provider].limits(submission_account))

    async def accept(self, submission: Submission) -> Receipt:
        """Decide about a message and store it; returns once it is durable.

        Raises `Refusal` with the reason, or `Refusal(STORAGE_FULL)` when the store could not make it durable.
        """
        account = self._accounts.get(submission.principal.account)
        rules = self._rules[submission.principal.provider]
        decided = await self._decide(account, rules, submission)
        addressed = submission.envelope.rcpt_to
        sending = _without(addressed, decided.suppressed)
        sizes = rules.sizes(account)
        using = addressed if sizes.counts_suppressed else sending
        units = sum(map(rules.counted, using)) * _weight(len(submission.raw), sizes)
        ledger = await self._accounts.ledger(account, submission.principal.provider)
        now = account.clock.now()
        ledger.check(now, units, rules.limits(account), len(using))
        record = self._record(account, rules, submission, decided, now, units)
        edits = await _notes(account, rules, record, decided.suppressed) if decided.suppressed else ()
        ledger.add(now, units, len(using))
        try:
            changed = await self._store.messages.accept(record, submission.raw, _events(record), edits)
        except StoreError as error:
            ledger.add(now, -units, -len(using))
            raise Refusal(Condition.STORAGE_FULL) from error
        if changed:
            await self._store.resources.renew(changed)
        self._accepted()
        return Receipt(
            message=record.id,
            message_id=record.message_id,
            envelope_id=record.envelope_id,
            accepted=sending,
            suppressed=tuple(sorted(decided.suppressed)),
        )

    async def receive(self, submission: Submission, envelope_id: str) -> MessageRecord:
        """Store mail that arrived for the principal's account; the provider says itself what becomes of it.

        Raises `Refusal(UNPARSABLE)` or `Refusal(STORAGE_FULL)`.
        """
        account = self._accounts.get(submission.principal.account)
        record = await arrivals.keep(self._store, account, submission, envelope_id)
        self._accepted()
        return record

    async def _decide(self, account: Account, rules: Rules, submission: Submission) -> _Decided:
        sizes = rules.sizes(account)
        if len(submission.raw) > sizes.message:
            raise Refusal(Condition.TOO_LARGE, limit=sizes.message)
        if len(submission.envelope.rcpt_to) > sizes.recipients:
            raise Refusal(Condition.TOO_MANY_RECIPIENTS, limit=sizes.recipients)
        block = headers.split(submission.raw, sizes.headers)
        senders = block.addresses("from")
        for sender in senders:
            if not await rules.sender_approved(account, submission.principal, sender):
                raise Refusal(Condition.HEADER_SENDER_NOT_APPROVED, address=sender)
        reviewed = await rules.review(account, submission, block)
        decided = _Decided(
            block=block,
            senders=senders,
            suppressed={*submission.silent, *reviewed.get("suppressed", ())},
            attributes={**submission.attributes, **reviewed},
        )
        for address in submission.envelope.rcpt_to:
            if await rules.suppressed(account, submission.principal, address, submission.envelope.mail_from):
                decided.suppressed.add(address)
        return decided

    def _record(
        self,
        account: Account,
        rules: Rules,
        submission: Submission,
        decided: _Decided,
        now: float,
        units: int,
    ) -> MessageRecord:
        sender = decided.senders[0] if decided.senders else submission.envelope.mail_from
        return record_of(
            account,
            submission,
            decided.block,
            at=now,
            message_id=lambda: rules.message_id(account, sender),
            envelope_id=lambda: rules.envelope_id(account),
            recipients=(
                _recipient(position, address, decided, now)
                for position, address in enumerate(submission.envelope.rcpt_to)
            ),
            attributes=decided.attributes,
            units=units,
        )


def _without(addressed: tuple[str, ...], suppressed: Collection[str]) -> tuple[str, ...]:
    """The recipients to whom a message goes."""
    return tuple(address for address in addressed if address not in suppressed) if suppressed else addressed


async def _notes(account: Account, rules: Rules, record: MessageRecord, suppressed: Collection[str]) -> list[Edit]:
    """What the provider keeps of the recipients that were held back."""
    found = [await rules.note_suppressed(account, address, record.message_id) for address in suppressed]
    return [note for note in found if note is not None]


def _weight(size: int, sizes: SizeRules) -> int:
    """What each recipient counts: one email for every started unit of size."""
    return 1 if sizes.unit is None else max(1, -(-size // sizes.unit))


def _recipient(position: int, address: str, decided: _Decided, now: float) -> RecipientRecord:
    reason = decided.attributes.get("rejected")
    if reason:
        return RecipientRecord(position=position, address=address, outcome=Outcome.REJECTED, detail=str(reason))
    if address in decided.suppressed:
        return RecipientRecord(
            position=position, address=address, outcome=Outcome.SUPPRESSED, detail="on the suppression list"
        )
    return RecipientRecord(position=position, address=address, outcome=Outcome.QUEUED, due=now)


def _events(record: MessageRecord) -> list[dict[str, Any]]:
    about = {"account": record.account, "at": record.accepted, "message": record.id}
    events: list[dict[str, Any]] = [{**about, "type": "message.accepted", "data": told(record)}]
    if record.attributes.get("rejected"):
        events.append({**about, "type": "message.rejected", "data": {"reason": record.attributes["rejected"]}})
    events.extend(
        {
            **about,
            "type": "recipient.suppressed",
            "recipient": recipient.address,
            "data": {"provider": record.provider},
        }
        for recipient in record.recipients
        if recipient.outcome is Outcome.SUPPRESSED
    )
    return events
