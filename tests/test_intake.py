"""The one door in: what is refused and why, what is counted, what is given back."""

import asyncio
import hashlib

import pytest
from plain_provider import PlainRules

from sandbox.core.accounts import Accounts
from sandbox.core.errors import Condition, Refusal, StoreError
from sandbox.core.intake import Intake
from sandbox.core.model import Channel, Envelope, Principal, Resource, Submission
from sandbox.core.policy import SizeRules
from sandbox.core.quota import Limits
from sandbox.core.store import Store

NOW = 1000.0
RAW = b"From: Ann <ann@b.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nbody\r\n"


class Door:
    """An intake in memory."""

    def __init__(self, **rules):
        self.store = Store(None)
        self.accounts = Accounts(self.store, lambda: NOW, seed=1)
        self.woken = 0
        self.intake = Intake(
            store=self.store,
            accounts=self.accounts,
            rules={"plain": PlainRules(self.store, **rules)},
            accepted=self.wake,
        )

    def wake(self):
        self.woken += 1

    async def submit(self, raw=RAW, to=("r@x.test",), sender="ann@b.test", **more):
        return await self.intake.accept(
            Submission(
                principal=Principal(account="default", provider="plain", user="u", credential="c"),
                channel=Channel.SMTP,
                envelope=Envelope(mail_from=sender, rcpt_to=tuple(to), helo="h", client="1.2.3.4:5", user="u"),
                raw=raw,
                session="s1",
                **more,
            )
        )

    async def used(self):
        return (await self.accounts.ledger(self.accounts.ready_made, "plain")).used(NOW)


def story(tell, **rules):
    async def run():
        door = Door(**rules)
        await door.accounts.load()
        try:
            await tell(door)
        finally:
            await door.store.close()

    asyncio.run(run())


def refused(door, **submission):
    async def attempt():
        with pytest.raises(Refusal) as caught:
            await door.submit(**submission)
        assert (await door.store.messages.counts("default"))["messages"] == 0
        return caught.value

    return attempt()


def test_an_accepted_message_is_stored_as_it_came_and_announced():
    async def tell(door):
        receipt = await door.submit(to=("r@x.test", "s@x.test"))
        record = await door.store.messages.get("default", receipt.message)
        assert (record.sender, record.subject) == ("Ann <ann@b.test>", "Grüße")
        assert record.sha256 == hashlib.sha256(RAW).hexdigest()
        assert await door.store.messages.raw("default", receipt.message) == RAW
        (event,) = await door.store.events.since("default")
        assert (event.type, event.message, event.at) == ("message.accepted", receipt.message, NOW)
        assert receipt.accepted == ("r@x.test", "s@x.test")
        assert (door.woken, (await door.used()).day) == (1, 2)

    story(tell)


@pytest.mark.parametrize(
    ("submission", "reason", "params"),
    [
        ({"raw": b"no headers at all"}, Condition.UNPARSABLE, {}),
        ({"raw": b"\r\nbody"}, Condition.UNPARSABLE, {}),
        ({"raw": RAW + b"x" * 2000}, Condition.TOO_LARGE, {"limit": 1000}),
        ({"to": [f"r{n}@x.test" for n in range(4)]}, Condition.TOO_MANY_RECIPIENTS, {"limit": 3}),
        (
            {"raw": b"From: ann@b.test, stranger@x.test\r\n\r\n"},
            Condition.HEADER_SENDER_NOT_APPROVED,
            {"address": "stranger@x.test"},
        ),
        (
            {"raw": b"From: ann@b.test\r\nFrom: stranger@x.test\r\n\r\n"},
            Condition.HEADER_SENDER_NOT_APPROVED,
            {"address": "stranger@x.test"},
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_and_leaves_nothing(submission, reason, params):
    async def tell(door):
        refusal = await refused(door, **submission)
        assert (refusal.reason, refusal.params) == (reason, params)
        assert (await door.used()).day == 0

    story(tell, sizes=SizeRules(message=1000, recipients=3))


def test_the_quota_counts_recipients_by_started_unit_of_size():
    async def tell(door):
        await door.submit(raw=RAW + b"x" * 150, to=("r@x.test", "s@x.test"))
        assert (await door.used()).minute == 2 * 3
        refusal_of = None
        try:
            await door.submit()
        except Refusal as refusal:
            refusal_of = refusal
        assert refusal_of.reason is Condition.OVER_MINUTE_LIMIT
        assert refusal_of.params == {"limit": 6}

    story(tell, limits=Limits(per_minute=6), sizes=SizeRules(message=1000, unit=100))


def test_the_sender_is_checked_at_mail_with_the_quota():
    async def tell(door):
        account = door.accounts.ready_made
        with pytest.raises(Refusal, match="sender-not-approved"):
            await door.intake.check_sender(account, "plain", "x@y.z", approved=False)
        await door.intake.check_sender(account, "plain", "x@y.z", approved=True)
        await door.submit()
        with pytest.raises(Refusal, match="over-day-limit"):
            await door.intake.check_sender(account, "plain", "x@y.z", approved=True)

    story(tell, limits=Limits(per_day=1))


def test_a_provider_reviews_the_whole_message_and_remembers_what_it_wants():
    async def tell(door):
        receipt = await door.submit(raw=b"X-Remember: yes\r\n" + RAW, attributes={"given": 1})
        kept = await door.store.messages.get("default", receipt.message)
        assert kept.attributes == {"given": 1, "reviewed": "=?utf-8?q?Gr=C3=BC=C3=9Fe?="}
        with pytest.raises(Refusal, match="unparsable"):
            await door.submit(raw=b"X-Refused: yes\r\n" + RAW)
        assert (await door.used()).day == 1

    story(tell)


def test_a_recipient_that_does_not_count_uses_the_rate_only():
    async def tell(door):
        await door.submit(to=("uncounted@x.test",))
        assert (await door.used()).day == 0
        with pytest.raises(Refusal, match="over-rate"):
            await door.submit(to=("r@x.test",))

    story(tell, limits=Limits(per_second=1, per_day=1))


def test_suppressed_recipients_are_kept_but_not_sent_to_nor_counted():
    async def tell(door):
        await door.store.resources.add(
            Resource(
                account="default", provider="plain", kind="suppression", id="1", key="r@x.test",
                data={"reason": "MANUAL"}, created=1.0, updated=1.0,
            )
        )  # fmt: skip
        receipt = await door.submit(to=("R@x.test", "s@x.test", "t@x.test"), silent=frozenset({"t@x.test"}))
        assert (receipt.accepted, receipt.suppressed) == (("s@x.test",), ("R@x.test", "t@x.test"))
        record = await door.store.messages.get("default", receipt.message)
        assert [str(one.outcome) for one in record.recipients] == ["suppressed", "queued", "suppressed"]
        assert (await door.used()).day == 1

    story(tell)


def test_a_store_that_cannot_write_refuses_and_gives_the_quota_back(monkeypatch):
    async def tell(door):
        async def broken(*_):
            raise StoreError("disk full")

        monkeypatch.setattr(door.store.messages, "accept", broken)
        refusal = await refused(door)
        assert refusal.reason is Condition.STORAGE_FULL
        assert ((await door.used()).day, door.woken) == (0, 0)

    story(tell)


def test_the_quota_survives_a_restart(tmp_path):
    async def run():
        for expected in (0, 1):
            store = Store(tmp_path / "store.db")
            accounts = Accounts(store, lambda: NOW)
            await accounts.load()
            ledger = await accounts.ledger(accounts.ready_made, "plain")
            assert ledger.used(NOW).day == expected
            door = Door()
            door.store, door.accounts = store, accounts
            door.intake = Intake(store=store, accounts=accounts, rules={"plain": PlainRules(store)})
            await door.submit()
            await store.close()

    asyncio.run(run())
