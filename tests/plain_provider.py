"""The rules of a provider without peculiarities, for tests of the core."""

from sandbox.core.errors import Condition, Refusal
from sandbox.core.ids import Ids
from sandbox.core.model import Channel, Envelope, MessageRecord, Outcome, RecipientRecord, Resource
from sandbox.core.policy import SizeRules, Suppressed
from sandbox.core.quota import Limits

_IDS = Ids(1)


class PlainRules:
    """Everything is approved; the suppression list is kept in resources, as real providers do."""

    def __init__(self, store, limits=Limits(), sizes=SizeRules(message=1_000_000)):  # noqa: B008 - frozen values
        self.store, self._limits, self._sizes = store, limits, sizes

    def sizes(self, account):
        return self._sizes

    def limits(self, account):
        return self._limits

    async def sender_approved(self, account, principal, address):
        return not address.startswith("stranger")

    async def review(self, account, submission, block):
        if block.first("x-refused"):
            raise Refusal(Condition.UNPARSABLE)
        return {"reviewed": block.first("subject")} if block.first("x-remember") else {}

    def counted(self, address):
        return not address.startswith("uncounted")

    async def suppressed(self, account, principal, address, sender=""):
        found = await self.store.resources.find(account.id, "plain", "suppression", address.lower())
        return found and Suppressed(reason=found.data["reason"], params={})

    async def note_suppressed(self, account, address, message_id):
        pass

    async def suppression(self, account, address, cause):
        data = {
            "reason": str(cause.reason),
            "detail": cause.detail,
            "source": cause.source,
            "message": cause.message_id,
        }
        return Resource(
            account=account.id, provider="plain", kind="suppression", id=_IDS.hex(8), key=address.lower(), data=data,
            created=account.clock.now(), updated=account.clock.now(),
        )  # fmt: skip

    def message_id(self, account, sender):
        return f"{account.ids.hex(8)}@plain.test"

    def sent_id(self, message):
        return message.message_id

    def envelope_id(self, account):
        return account.ids.uuid()

    def mail_host(self, account):
        return "plain.test"


def message(name, recipients, *, accepted=1000.0, mail_from="app@b.test", **envelope):
    """A stored message with `recipients` as {address: due}."""
    return MessageRecord(
        id=name, account="default", provider="plain", channel=Channel.SMTP, session="s",
        envelope=Envelope(mail_from=mail_from, rcpt_to=tuple(recipients), **envelope),
        sender=mail_from, to="", subject="hello",
        message_id=f"{name}@b.test", envelope_id="e", accepted=accepted, size=1, sha256="", units=len(recipients),
        recipients=tuple(
            RecipientRecord(position=n, address=address, outcome=Outcome.QUEUED, due=due)
            for n, (address, due) in enumerate(recipients.items())
        ),
    )  # fmt: skip
