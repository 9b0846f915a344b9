"""One sandbox's delivery, in memory and at a clock of its own, and what is told of it."""

import asyncio

from plain_provider import PlainRules, message

from sandbox.core.accounts import Accounts
from sandbox.core.attempts import Decision, Verdict
from sandbox.core.delivery import Delivery, DeliveryOptions
from sandbox.core.outcomes import Outcomes
from sandbox.core.store import Store

NOW = 1000.0


class World:
    """Every domain takes mail."""

    async def decide(self, account, domain):
        return Decision(verdict=Verdict.DELIVERED, reply="250 2.1.5 ok", mta="mx.test")


class Story:
    """One sandbox's delivery in memory, at a standing clock unless `source` moves it."""

    def __init__(self, on_commit=lambda _: None, soft_bounces=3, source=lambda: NOW):
        self.store = Store(None, on_commit)
        self.accounts = Accounts(self.store, source, seed=1)
        self.delivery = Delivery(
            store=self.store,
            accounts=self.accounts,
            rules={"plain": PlainRules(self.store)},
            outcomes=Outcomes(self.store, World(), blackhole={"hole.test"}),
            options=DeliveryOptions(soft_bounces=soft_bounces),
        )

    async def __aenter__(self):
        await self.accounts.load()
        self.account = self.accounts.ready_made
        return self

    async def __aexit__(self, *_):
        await self.store.close()

    async def accept(self, name, recipients, **more):
        wanted = recipients if isinstance(recipients, dict) else dict.fromkeys(recipients, NOW)
        await self.store.messages.accept(message(name, wanted, **more), b"From: a@b.c\r\n\r\nx\r\n", [])

    async def events(self, *kinds):
        found = await self.store.events.since("default", limit=1_000_000)
        return [(event.at, event.type, event.recipient) for event in found if not kinds or event.type in kinds]

    async def outcomes(self, name):
        return {r.address: str(r.outcome) for r in (await self.store.messages.get("default", name)).recipients}


def story(tell, **options):
    async def run():
        async with Story(**options) as this:
            await tell(this)

    asyncio.run(run())
