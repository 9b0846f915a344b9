"""What becomes of a recipient when delivery tries, in a fixed order.

Rules of the account and of the settings, magic addresses, blackhole domains, then what DNS says of the recipient's
domain. (The suppression list comes before all of them; it belongs to the provider and is asked by the delivery.)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from sandbox.core import headers
from sandbox.core.accounts import Account
from sandbox.core.attempts import Attempt, Decision, Verdict
from sandbox.core.errors import Refusal
from sandbox.core.magic import magic_decision
from sandbox.core.outcome_rules import OutcomeRule, make_rule
from sandbox.core.store import Store

HEADER_BLOCK = 1_048_576
OwnOutcome = Callable[[Attempt], Decision | None]


class Destinations(Protocol):
    """What is known of the world outside: where mail for a domain would go."""

    async def decide(self, account: Account, domain: str) -> Decision:
        """The outcome as DNS has it: delivered to a host, bounced, or deferred while DNS does not answer."""
        ...


class Outcomes:
    """Decides every attempt of one sandbox."""

    def __init__(
        self,
        store: Store,
        destinations: Destinations,
        *,
        blackhole: Collection[str] = (),
        rules: Sequence[OutcomeRule] = (),
        own: Mapping[str, OwnOutcome] | None = None,
    ) -> None:
        """`blackhole` has domains in lower case; `rules` are those of the settings, after the account's own.

        `own` decides, by provider, about test addresses of the provider itself.
        """
        self._store = store
        self._destinations = destinations
        self._blackhole = frozenset(blackhole)
        self._rules = tuple(rules)
        self._own = own or {}

    async def round(self, account: Account) -> Round:
        """What decides about an account's attempts of one moment."""
        return Round(self, account, [*await self._account_rules(account), *self._rules])

    async def _account_rules(self, account: Account) -> list[OutcomeRule]:
        """The account's rules, the newest first."""
        stored = await self._store.resources.all(account.id, "delivery", "rule")
        return [make_rule(resource.data, resource.id) for resource in reversed(stored)]

    async def headers(self, account: Account, message: str) -> dict[str, str]:
        """A message's header fields by name in lower case, the first of each; encoded words are decoded."""
        raw = await self._store.messages.raw(account.id, message)
        try:
            block = headers.split(raw or b"", HEADER_BLOCK)
        except Refusal:
            return {}
        found: dict[str, str] = {}
        for one in block:
            found.setdefault(one.name.lower(), headers.decode_words(one.value))
        return found

    def known(self, attempt: Attempt) -> Decision | None:
        """What is decided without looking a domain up: magic addresses, test addresses, blackholes; else None."""
        return magic_decision(attempt) or self._tested(attempt) or self._blackholed(attempt)

    async def resolved(self, account: Account, domain: str) -> Decision:
        """What DNS says of a domain."""
        return await self._destinations.decide(account, domain)

    def _tested(self, attempt: Attempt) -> Decision | None:
        own = self._own.get(attempt.provider)
        return own(attempt) if own else None

    def _blackholed(self, attempt: Attempt) -> Decision | None:
        if attempt.domain not in self._blackhole:
            return None
        return Decision(
            verdict=Verdict.BLACKHOLED, reply="accepted and dropped", why=f"{attempt.domain} is a blackhole domain"
        )


class Round:
    """Attempts of one account at one moment: its rules are read once, and each domain is looked up once."""

    def __init__(self, outcomes: Outcomes, account: Account, rules: Sequence[OutcomeRule]) -> None:
        self._outcomes = outcomes
        self._account = account
        self._rules = rules
        self._by_headers = any(rule.headers for rule in rules)
        self._resolved: dict[str, Decision] = {}

    async def decide(self, attempt: Attempt, message: str) -> Decision:
        """The outcome of an attempt for one recipient of `message`."""
        if self._by_headers:
            attempt = replace(attempt, headers=await self._outcomes.headers(self._account, message))
        for rule in self._rules:
            if rule.matches(attempt):
                return rule.decision
        return self._outcomes.known(attempt) or await self._resolve(attempt.domain)

    async def _resolve(self, domain: str) -> Decision:
        found = self._resolved.get(domain)
        if found is None:
            found = self._resolved[domain] = await self._outcomes.resolved(self._account, domain)
        return found
