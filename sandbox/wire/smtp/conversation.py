"""The state of one SMTP conversation, and the ways in which the server answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sandbox.core.accounts import Account
from sandbox.core.catalog import ErrorEntry, placeholders
from sandbox.core.errors import Condition, Refusal
from sandbox.core.faults import FaultContext
from sandbox.core.model import Channel, Principal, Stage
from sandbox.core.transcript import Transcript
from sandbox.wire.smtp.chaos import Disturbed, disturb
from sandbox.wire.smtp.endpoint import Endpoint
from sandbox.wire.smtp.lines import Input
from sandbox.wire.stock import Reply

log = logging.getLogger("sandbox.smtp")


class Wire(Disturbed, Protocol):
    """What a conversation needs of its connection."""

    input: Input

    async def push(self, status: str) -> None:
        """Send a reply; the only exit."""
        ...

    async def prepare_tls(self) -> None:
        """Wait until TLS can be served."""
        ...

    async def start_tls(self) -> None:
        """Continue under TLS; raises `ConnectionError` when the handshake fails."""
        ...


@dataclass(kw_only=True)
class Transaction:
    """A mail transaction: what MAIL and RCPT have said so far."""

    sender: str
    params: dict[str, str]
    recipients: list[str] = field(default_factory=list)
    wishes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Parameters of RCPT by recipient, for those that had any."""
    silent: set[str] = field(default_factory=set)
    """Recipients that are suppressed: the client was told, the message does not go to them."""
    chunks: list[bytes] = field(default_factory=list)
    """What BDAT has brought, as long as it is not too large."""
    chunked: int = 0
    """Octets that it has brought."""
    awaiting: ErrorEntry | None = None
    """An error that a magic recipient asked for, which strikes at a later stage."""
    arrivals: dict[str, list[str]] = field(default_factory=dict)
    """Account → the recipients for whom it takes the message in; empty for a submission."""


class Conversation:
    """What the commands of a session work on."""

    def __init__(self, endpoint: Endpoint, wire: Wire, transcript: Transcript, address: str) -> None:
        self.endpoint = endpoint
        self.services = endpoint.services
        self.dialect = endpoint.personality.dialect
        self.input = wire.input
        self.input.bare_lines = self.dialect.bare_lines
        self.wire = wire
        self.transcript = transcript
        self.address = address
        """The client's IP address, without its port."""
        self.account: Account = self.services.accounts.ready_made
        """Whose faults and limits count: the ready-made account until a credential says otherwise."""
        self.stage = Stage.CONNECT
        self.verb = ""
        self.helo = ""
        self.secured = False
        self.principal: Principal | None = None
        self.strangers = False
        """Whether mail may arrive from a client that does not log in."""
        self.mechanism = ""
        self.tried_auth = False
        self.transaction: Transaction | None = None
        self.closing = False
        self.accepting = False
        """Whether a message is being stored: the session must not be cut off now."""
        self.bad_commands = 0
        self._failures = 0

    def begin_again(self) -> None:
        """Forget what the client said, as after STARTTLS (RFC 3207 section 4.2)."""
        self.helo = ""
        self.transaction = None

    async def reply(self, *lines: str) -> None:
        """Say something that is not an error; several lines are one reply."""
        await self.wire.push(Reply("\r\n".join(lines)))

    async def refuse(self, refusal: Refusal, stage: Stage | None = None) -> None:
        """Answer a refusal in the provider's words."""
        stage = stage or self.stage
        entry = self.endpoint.state.catalog.find(refusal, Channel.SMTP, stage)
        await self.answer(entry, stage, refusal.params, forced=False)

    async def answer(
        self, entry: ErrorEntry, stage: Stage, params: dict[str, object] | None = None, *, forced: bool
    ) -> None:
        """Answer with a row of the catalog, and close afterwards when the service does."""
        wording = self.endpoint.state.wording
        known = {**self._known(entry), **(params or {})}
        details = self.endpoint.personality.details
        if details and not placeholders(entry.template(wording)) <= set(known):
            sender = self.transaction.sender if self.transaction else ""
            known = {**await details(self.services, self.account, sender), **known}
        text = f"{entry.status} {entry.fill(known, wording)}"
        self.transcript.refused(entry, stage, text, forced=forced)
        if forced:
            self.transcript.said("sandbox", f"the next reply is forced: {entry.id}")
        self.closing = self.closing or entry.closes
        await self.reply(text)

    def _known(self, entry: ErrorEntry) -> dict[str, object]:
        """What any reply may name at this point of the conversation."""
        known: dict[str, object] = {
            "client": self.transcript.client,
            "ip": self.address,
            "host": self.dialect.host,
            "helo": self.helo,
            "mechanism": self.mechanism,
            "user": self.principal.user if self.principal else "",
            "verb": self.verb,
        }
        if self.transaction:
            known |= {"sender": self.transaction.sender, "address": self.transaction.sender}
        if "limit" in placeholders(entry.template(self.endpoint.state.wording)):
            known |= self._limit(entry.on)
        return known

    def _limit(self, conditions: Sequence[Condition]) -> dict[str, object]:
        """The limit that a row speaks of; nothing when there is none."""
        rules = self.endpoint.state.rules
        limits = rules.limits(self.account)
        spoken = {
            Condition.OVER_RATE: limits.per_second,
            Condition.OVER_MINUTE_LIMIT: limits.per_minute,
            Condition.OVER_DAY_LIMIT: limits.per_day,
            Condition.TOO_LARGE: rules.sizes(self.account).message,
            Condition.TOO_MANY_RECIPIENTS: self.endpoint.limits.recipients,
        }
        limit = next((spoken[condition] for condition in conditions if condition in spoken), None)
        return {} if limit is None else {"limit": limit}

    async def struck(
        self,
        stage: Stage,
        *,
        account: Account | None = None,
        user: str = "",
        sender: str = "",
        recipients: Sequence[str] = (),
        subject: str = "",
    ) -> ErrorEntry | None:
        """Do to the connection what is forced at this moment; send the error that is, if any, and return it."""
        faults = (account or self.account).faults
        if not faults.armed:
            return None
        context = FaultContext(
            client=self.transcript.client,
            user=user or (self.principal.credential if self.principal else ""),
            sender=sender,
            recipients=tuple(recipients),
            subject=subject,
        )
        disturbance = faults.disturb(stage, context)
        if disturbance is not None:
            await disturb(self.wire, self.transcript, disturbance)
        entry = faults.check(self.endpoint.state.name, stage, context)
        if entry is not None:
            params: dict[str, object] = {"address": sender} if sender else {}
            if recipients:
                params |= {"recipient": recipients[-1]}
            if stage is Stage.RCPT:
                params["address"] = recipients[-1]
            await self.answer(entry, stage, params, forced=True)
        return entry

    async def before_handshake(self) -> None:
        """Do what is forced on a client that begins with a TLS handshake; no reply could reach it yet."""
        disturbance = self.account.faults.disturb(Stage.STARTTLS, FaultContext(client=self.transcript.client))
        if disturbance is not None:
            await disturb(self.wire, self.transcript, disturbance)

    def locked_out(self, account: Account | None = None) -> bool:
        """Whether the client's address has failed too often for an account, the present one unless named."""
        return self.endpoint.turnstile.locked_out(account or self.account, self.address)

    def note_failure(self, account: Account | None = None) -> None:
        """Count a refused credential or sender against the client's address."""
        self.endpoint.turnstile.failed(account or self.account, self.address)

    async def failed(self, error: Exception) -> None:
        """Answer an error of our own, without its text; the transaction is over, and after several the session."""
        log.error("%s: error at %s", self.transcript.session, self.stage, exc_info=error)
        self.transcript.said("sandbox", f"an internal error happened ({type(error).__name__}); the log has it")
        self.transaction = None
        self._failures += 1
        if self._failures >= self.endpoint.limits.internal_failures:
            await self.refuse(Refusal(Condition.REPEATED_FAILURES))
        elif self.stage is Stage.BODY:
            await self.refuse(Refusal(Condition.PROCESSING_ERROR))
        else:
            await self.refuse(Refusal(Condition.INTERNAL_ERROR))

    async def pause(self) -> None:
        """Let other sessions have their turn."""
        await asyncio.sleep(0)
