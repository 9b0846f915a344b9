"""One client's session: reads its commands, and is the only exit for what is said to it."""

from __future__ import annotations

import asyncio
import logging
import ssl

from aiosmtpd.smtp import SMTP

from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Channel, Stage
from sandbox.core.transcript import Transcript
from sandbox.wire.provider import SmtpListener
from sandbox.wire.smtp import commands
from sandbox.wire.smtp.chaos import DroppedError
from sandbox.wire.smtp.connection import Connection
from sandbox.wire.smtp.conversation import Conversation
from sandbox.wire.smtp.endpoint import Endpoint
from sandbox.wire.smtp.lines import IdleError, StoppingError
from sandbox.wire.smtp.transport import HandshakeError
from sandbox.wire.stock import Reply, meaning
from sandbox.wire.tls import failing_context

log = logging.getLogger("sandbox.smtp")
FAIR = 20
"""Commands that a pipelining client may run before others have their turn."""


PORTIONS = 10
"""Pieces a second in which a throttled connection is read and written."""
GOODBYE = 0.5
"""Seconds that a client may take to close its side when the listener is closed."""


class BlockedError(ConnectionError):
    """The client does not read what it is told."""


class SmtpSession(SMTP):
    """A conversation with a client of a provider's SMTP endpoint.

    The engine's single exit, `push`, stays; connection, commands, limits and words are the sandbox's.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        listener: SmtpListener,
        context: asyncio.Future[ssl.SSLContext],
        registry: set[SmtpSession],
        connection: Connection,
    ) -> None:
        # The engine's own constructor looks up every method by reflection and asks the resolver for a host name.
        self.loop = asyncio.get_running_loop()
        self.connection = connection
        self.input = self.connection.input
        self._endpoint = endpoint
        self._limits = endpoint.limits
        self._listener = listener
        self._context = context
        self._registry = registry
        self._timer: asyncio.TimerHandle | None = None
        self._stop: asyncio.Future[None] = self.loop.create_future()
        self._muted = False
        self._spoiled = False
        self._rate = 0
        self.conversation: Conversation

    # the beginning

    def begin(self) -> None:
        """Start the conversation; under implicit TLS nothing is ever read in the clear."""
        self._registry.add(self)
        self.connection.lost.add_done_callback(lambda _: self._registry.discard(self))
        self._endpoint.turnstile.open += 1
        self._enter()
        self._timer = self.loop.call_later(self._limits.idle, self._check_idle)
        self._work = self.loop.create_task(self._handle_client())
        if self._listener.tls != "implicit":
            self.connection.release()

    def _enter(self) -> None:
        services = self._endpoint.services
        account = services.accounts.ready_made
        host, port = self.connection.peer
        transcript = Transcript(
            session=account.ids.sortable(account.clock.now()),
            account=account.id,
            provider=self._endpoint.state.name,
            channel=Channel.SMTP,
            client=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            clock=account.clock,
        )
        transcript.extra = {"port": self._listener.stands_for, "tls": None}
        services.sessions.enter(transcript)
        self.conversation = Conversation(self._endpoint, self, transcript, host)
        transcript.sending = lambda: self.conversation.transaction is not None

    def _check_idle(self) -> None:
        """Look whether the client took too long; one timer for the whole session, not one for every line."""
        since, now = self.input.waiting_since, self.loop.time()
        due = (now if since is None else since) + self._limits.idle
        if since is not None and now >= due:
            self.input.interrupt(IdleError())
        else:
            self._timer = self.loop.call_at(due, self._check_idle)

    # what the listener calls

    def shut_down(self) -> None:
        """End the session as soon as what it is doing is done."""
        if not self._stop.done():
            self._stop.set_result(None)
        self.input.interrupt(StoppingError())
        if self.connection.shaking_hands or self.connection.drained:
            self.connection.abort()

    async def ended(self) -> None:
        """Wait until the session is over; one that takes too long is cut off."""
        await asyncio.wait([self._work], timeout=self._limits.linger)
        while not self._work.done():
            if not self.conversation.accepting:
                self._work.cancel()
            await asyncio.wait([self._work], timeout=self._limits.linger)
        await asyncio.wait([self.connection.lost], timeout=GOODBYE)
        self.connection.abort()
        await asyncio.wait([self.connection.lost], timeout=GOODBYE)

    # the conversation

    async def _handle_client(self) -> None:
        """Greet, obey, and write the transcript down when it is over, whatever ended it."""
        try:
            await self._converse()
        except HandshakeError as error:
            self._note_end(f"the TLS handshake failed: {error}")
        except DroppedError as error:
            self._note_end(str(error))
            self.connection.abort()
        except OSError as error:
            self._note_end(str(error) or "the connection was lost")
        except Exception:
            log.exception("%s: the session failed", self.conversation.transcript.session)
            self._note_end("an internal error happened; the log has it")
        finally:
            self._hang_up()
            await self._write_down()

    def _note_end(self, reason: str) -> None:
        transcript = self.conversation.transcript
        transcript.said("sandbox", reason)
        transcript.extra["ended"] = reason

    async def _converse(self) -> None:
        try:
            if self._listener.tls == "implicit":
                await self._shake_hands_first()
            await commands.greet(self.conversation)
            await self._obey()
        except IdleError:
            await self.conversation.refuse(Refusal(Condition.IDLE_TIMEOUT))
        except StoppingError:
            await self.conversation.refuse(Refusal(Condition.SHUTTING_DOWN))

    async def _obey(self) -> None:
        conversation, count = self.conversation, 0
        while not conversation.closing:
            if self._stop.done():
                raise StoppingError
            conversation.stage = Stage.OTHER
            try:
                line = await self.input.line()
            except Refusal as refusal:
                await commands.refuse_line(conversation, refusal)
                continue
            if line is None:
                self._note_end("the client closed the connection")
                return
            await commands.perform(conversation, line)
            conversation.services.sessions.stirred()
            count += 1
            if not count % FAIR:
                await conversation.pause()

    async def _shake_hands_first(self) -> None:
        """TLS from the first octet on, which waits until the server is ready for it."""
        await self.conversation.before_handshake()
        await self.prepare_tls()
        await self.start_tls()

    async def prepare_tls(self) -> None:
        """Wait until TLS can be served, which takes some milliseconds after the start of the sandbox.

        The client's handshake must not be read as clear text meanwhile, so nothing is read.
        """
        if not self._context.done():
            self.connection.hold()
            await asyncio.wait([self._context])

    async def start_tls(self) -> None:
        """Continue under TLS; what the client sent in the clear behind STARTTLS is discarded (CVE-2011-0411)."""
        if self._stop.done():
            raise HandshakeError("the sandbox stops")
        dropped = self.input.discard()
        if dropped:
            text = f"{dropped} octets sent in the clear before the TLS handshake were discarded"
            self.conversation.transcript.said("sandbox", text)
        context = failing_context() if self._spoiled else self._context.result()
        agreed = await self.connection.start_tls(context, seconds=self._limits.idle)
        self.conversation.secured = True
        self.conversation.transcript.extra["tls"] = agreed
        self.conversation.transcript.said("sandbox", f"TLS established: {agreed['version']}, {agreed['cipher']}")

    # what can be forced on the connection

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while; raises `StoppingError` when the listener is closed meanwhile."""
        await asyncio.wait((self._stop, self.connection.lost), timeout=seconds, return_when="FIRST_COMPLETED")
        if self._stop.done():
            raise StoppingError

    def slow_down(self, rate: int) -> None:
        """Carry no more than `rate` octets a second from now on, in each direction."""
        self._rate = rate
        self.input.slow_down(max(1, rate // PORTIONS), lambda octets: self.wait(octets / rate))

    def mute(self) -> None:
        """Cut the connection where the next reply would be sent."""
        self._muted = True

    def spoil_handshake(self) -> None:
        """Let the next TLS handshake fail."""
        self._spoiled = True

    # the exit

    async def push(self, status: str | bytes) -> None:
        """Send a reply: ours as it is, one that the engine worded itself in the provider's words.

        Raises `BlockedError` when the client does not read, `ConnectionResetError` when it is gone.
        """
        if not isinstance(status, Reply):
            await self._restate(status)
            return
        if self.connection.gone:
            raise ConnectionResetError("the client closed the connection")
        if self._muted:
            self.connection.abort()
            raise DroppedError("the connection was cut in place of a reply, as forced")
        said = self.conversation.transcript.said
        for line in status.split("\r\n") if "\r\n" in status else (status,):
            said("server", line)
        octets = status.encode("ascii", "replace") + b"\r\n"
        if self._rate and not self._stop.done():
            await self._write_slowly(octets)
        else:
            self.connection.write(octets)
        if self.connection.drained:
            await self._wait_for_reader(self.connection.drained)

    async def _write_slowly(self, octets: bytes) -> None:
        portion = max(1, self._rate // PORTIONS)
        for start in range(0, len(octets), portion):
            self.connection.write(octets[start : start + portion])
            if self.connection.drained:
                await self._wait_for_reader(self.connection.drained)
            await self.wait(portion / self._rate)

    async def _restate(self, status: str | bytes) -> None:
        meant = meaning(status)
        if isinstance(meant, Condition):
            await self.conversation.refuse(Refusal(meant))
        else:
            said = getattr(self.conversation.dialect, meant)
            await self.push(Reply(said))

    async def _wait_for_reader(self, drained: asyncio.Future[None]) -> None:
        await asyncio.wait([drained], timeout=self._limits.linger if self._stop.done() else self._limits.idle)
        if not drained.done():
            self.connection.abort()
            raise BlockedError("the client did not read its replies; the connection was cut")

    def _hang_up(self) -> None:
        """Close after what was said is out, or cut the line when the client leaves it unread."""
        self._endpoint.turnstile.open -= 1
        if self._timer:
            self._timer.cancel()
        self.connection.hang_up(self._limits.linger)

    async def _write_down(self) -> None:
        transcript = self.conversation.transcript
        if not transcript.summary:
            transcript.summary = commands.summary(transcript)
        try:
            await self._endpoint.services.sessions.leave(transcript)
        except Exception:
            log.exception("%s: the transcript could not be stored", transcript.session)
