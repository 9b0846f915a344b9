"""A provider's API: every call is read, authenticated, checked for forced errors, performed, answered and recorded.

The provider says what is its own (an `Edge` and a table of `Operation`s); this wrapper sees to it that whatever
happens ends in an answer of the provider's catalog and in a stored transcript.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import unquote

from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from sandbox.core.accounts import Account
from sandbox.core.catalog import ErrorEntry
from sandbox.core.errors import Condition, Refusal, StoreError
from sandbox.core.faults import FaultContext, magic_error
from sandbox.core.model import Channel, Principal, Stage
from sandbox.core.services import Services
from sandbox.core.transcript import Transcript
from sandbox.wire.http import chaos
from sandbox.wire.http.exchange import NO_QUERY, Exchange, RequestHeaders, path_of, read_body, target_of
from sandbox.wire.http.recording import record_body, record_request, record_response

log = logging.getLogger(__name__)

CONTROL_BODY = 1_048_576
"""Octets that a call which submits no mail may send."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of an API."""

    name: str
    """The provider's name of it."""
    method: str
    path: str
    """Template below the API's prefix: `/senders/{senderId}`."""
    call: Callable[[Exchange], Awaitable[Response]]
    stage: Stage = Stage.CONTROL
    body_limit: Callable[[Exchange], int] = lambda _: CONTROL_BODY
    about: Callable[[Exchange], FaultContext] | None = None
    """What a forced error can be matched with besides client and user; must never raise."""
    choose: Callable[[Exchange], Operation] | None = None
    """For protocols whose operation stands in the body: the one meant, once the body is read; raises `Refusal`."""
    required: Sequence[str] = ()
    """Query parameters that must be there; the provider's edge refuses calls without."""


class Edge(Protocol):
    """What an API has of its own around its operations."""

    async def account(self, services: Services, headers: Headers) -> Account:
        """Whose call it claims to be; the ready-made account when it says nothing known. Never raises."""
        ...

    async def admit(self, exchange: Exchange) -> Principal:
        """Who calls; raises `Refusal` when the call is not authenticated or one too many."""
        ...

    def check(self, exchange: Exchange, operation: Operation) -> None:
        """Raise `Refusal` for what can be said about a call before it is performed, as a missing parameter."""
        ...

    def placeholders(self, exchange: Exchange, entry: ErrorEntry) -> Mapping[str, object]:
        """Values for the texts of errors, when the reason itself brings none."""
        ...

    def shape(self, exchange: Exchange, entry: ErrorEntry, text: str) -> Response:
        """The answer that carries a catalog row."""
        ...

    def finish(self, exchange: Exchange, response: Response) -> None:
        """Add what every answer carries."""
        ...


class Api(BaseRoute):
    """Every operation under one path prefix."""

    def __init__(
        self,
        services: Services,
        *,
        provider: str,
        section: Any,
        prefix: str,
        operations: Sequence[Operation],
        edge: Edge,
        exact: bool = False,
    ) -> None:
        """With `exact`, only the prefix itself is the API's, and only for the methods of its operations."""
        self.prefix = prefix
        self._methods = {operation.method for operation in operations} if exact else None
        self.operations = operations
        self._services = services
        self._provider = provider
        self._section = section
        self._edge = edge

    # Both tables are made at the first call, since few runs call every API.

    @cached_property
    def _fixed(self) -> dict[tuple[str, str], Operation]:
        """Operations by method and path, without those whose path has a name in it."""
        plain = [operation for operation in self.operations if "{" not in operation.path]
        return {(operation.method, self.prefix + operation.path): operation for operation in reversed(plain)}

    @cached_property
    def _table(self) -> list[tuple[re.Pattern[str], Operation]]:
        """Operations by the expression of their path."""
        return [(_expression(self.prefix + operation.path), operation) for operation in self.operations]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for this API."""
        meant = scope["type"] == "http" and self.meant(scope["method"], path_of(scope))
        return (Match.FULL if meant else Match.NONE), {}

    def meant(self, method: str, path: str) -> bool:
        """Whether a request with this path (of `path_of`) is for this API."""
        if self._methods is not None:
            return path.rstrip("/") == self.prefix and method in self._methods
        return path.startswith(self.prefix) and path[len(self.prefix) : len(self.prefix) + 1] in ("", "/")

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """There are no named routes here."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = await self._open(scope)
        self._services.sessions.enter(exchange.transcript)
        try:
            record_request(exchange)
            response = await self._answer(exchange, receive)
            self._edge.finish(exchange, response)
            record_response(exchange, response)
            await response(scope, receive, chaos.after(exchange, send))
        except chaos.DroppedError:
            exchange.transcript.said("sandbox", "the connection was cut, as forced")
            exchange.transcript.summary = f"{exchange.method} {exchange.path}: cut off"
            await chaos.cut(receive)
        except ClientDisconnect:
            exchange.transcript.said("sandbox", "the client went away before the request was complete")
            exchange.transcript.summary = f"{exchange.method} {exchange.path}: abandoned"
        finally:
            await self._close(exchange)

    async def _open(self, scope: Scope) -> Exchange:
        headers = RequestHeaders(scope["headers"])
        query = scope["query_string"]
        account = await self._edge.account(self._services, headers)
        address = scope["client"]
        client = f"{address[0]}:{address[1]}" if address else ""
        transcript = Transcript(
            session=account.ids.sortable(account.clock.now()),
            account=account.id,
            provider=self._provider,
            channel=Channel.HTTPS,
            client=client,
            clock=account.clock,
        )
        return Exchange(
            services=self._services,
            state=self._services.providers[self._provider],
            section=self._section,
            account=account,
            transcript=transcript,
            method=scope["method"],
            target=target_of(scope),
            path=path_of(scope),
            query=QueryParams(query) if query else NO_QUERY,
            headers=headers,
            client=client,
        )

    async def _close(self, exchange: Exchange) -> None:
        try:
            await self._services.sessions.leave(exchange.transcript)
        except StoreError:
            log.warning("the transcript of %s could not be stored", exchange.transcript.session)

    async def _answer(self, exchange: Exchange, receive: Receive) -> Response:
        try:
            return await self._perform(exchange, receive)
        except Refusal as refusal:
            return self._refuse(exchange, refusal)
        except StoreError as error:
            log.error("%s %s: %s", exchange.method, exchange.path, error)  # noqa: TRY400 - the message says it all
            return self._refuse(exchange, Refusal(Condition.STORAGE_FULL))
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("%s %s failed", exchange.method, exchange.path)
            return self._refuse(exchange, Refusal(Condition.INTERNAL_ERROR))

    async def _perform(self, exchange: Exchange, receive: Receive) -> Response:
        operation, problem = self._find(exchange)
        if operation is not None:
            self._enter(exchange, operation)
        limit = operation.body_limit(exchange) if operation else CONTROL_BODY
        exchange.body = await read_body(receive, exchange.headers, limit)
        record_body(exchange)
        if operation is not None and operation.choose is not None:
            operation = operation.choose(exchange)
            self._enter(exchange, operation)
        exchange.principal = await self._edge.admit(exchange)
        exchange.transcript.user = exchange.principal.user
        forced = await self._forced(exchange, operation)
        if forced is not None:
            return self._word(exchange, forced, {}, forced=True)
        if operation is None:
            raise Refusal(problem)
        self._edge.check(exchange, operation)
        return await operation.call(exchange)

    def _enter(self, exchange: Exchange, operation: Operation) -> None:
        exchange.stage = operation.stage
        exchange.transcript.extra["operation"] = operation.name

    def _find(self, exchange: Exchange) -> tuple[Operation | None, Condition]:
        """The operation asked for, or why there is none."""
        problem = Condition.NO_SUCH_OPERATION
        path = "/" + exchange.target.partition("?")[0].lstrip("/")
        found = self._fixed.get((exchange.method, path.removesuffix("/")))
        if found is not None:
            return found, problem
        for expression, operation in self._table:
            match = expression.fullmatch(path)
            if match and operation.method == exchange.method:
                exchange.parameters = {name: unquote(value) for name, value in match.groupdict().items()}
                return operation, problem
            if match:
                problem = Condition.METHOD_NOT_ALLOWED
        return None, problem

    async def _forced(self, exchange: Exchange, operation: Operation | None) -> ErrorEntry | None:
        """The error that the call was armed with, or asks for by a magic recipient; after any disturbance."""
        if operation is not None and operation.about is not None:
            context = operation.about(exchange)
        else:
            context = FaultContext(client=exchange.client, user=exchange.user)
        faults = exchange.account.faults
        if faults.armed:
            disturbance = faults.disturb(exchange.stage, context)
            if disturbance is not None:
                await chaos.before(exchange, disturbance)
            forced = faults.check(self._provider, exchange.stage, context)
            if forced is not None:
                return forced
        return self._asked_for(exchange, context) if context.recipients else None

    def _asked_for(self, exchange: Exchange, context: FaultContext) -> ErrorEntry | None:
        for wish in filter(None, map(magic_error, context.recipients)):
            try:
                entry = exchange.state.catalog.get(wish)
            except KeyError:
                continue
            if entry.channel is Channel.HTTPS and exchange.stage in entry.stages:
                return entry
        return None

    def _refuse(self, exchange: Exchange, refusal: Refusal) -> Response:
        try:
            entry = exchange.state.catalog.find(refusal, Channel.HTTPS, exchange.stage)
        except KeyError:
            log.exception("no words for %s", refusal)
            entry = exchange.state.catalog.find(Refusal(Condition.INTERNAL_ERROR), Channel.HTTPS, exchange.stage)
        return self._word(exchange, entry, refusal.params, forced=False)

    def _word(self, exchange: Exchange, entry: ErrorEntry, params: Mapping[str, object], *, forced: bool) -> Response:
        known = {**self._edge.placeholders(exchange, entry), **params}
        text = entry.fill(known, exchange.state.wording)
        exchange.transcript.refused(entry, exchange.stage, text, forced=forced)
        return self._edge.shape(exchange, entry, text)


def _expression(template: str) -> re.Pattern[str]:
    """A path template as an expression of paths as they came; a `{name}` is one segment, in which `%2F` may stand."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)) + "/?")
