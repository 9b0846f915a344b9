"""What every call has around its operation: the IAM token, whose instance it is about, request ids, errors."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.responses import Response

from sandbox.core.accounts import Account
from sandbox.core.catalog import ErrorEntry
from sandbox.core.errors import Condition, NotFoundError, Refusal
from sandbox.core.model import Principal
from sandbox.core.services import Services
from sandbox.providers.ibm import answers, tokens
from sandbox.wire.http import Exchange, Operation
from sandbox.wire.secret import secret_of

CALL = "x-global-transaction-id"
_CLIENT_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)


class IbmEdge:
    """The `Edge` of the service's APIs."""

    def __init__(self, *, verify: bool, problem: Callable[[ErrorEntry, str, str], Response]) -> None:
        """`verify` off takes calls with any token or none; `problem` makes the answer of a catalog row."""
        self._verify = verify
        self._problem = problem

    async def account(self, services: Services, headers: Headers) -> Account:
        """The account that the token names, else the ready-made one."""
        try:
            return services.accounts.get(_account_named(tokens.claims_of(_bearer(headers))))
        except (tokens.TokenError, NotFoundError):
            return services.accounts.ready_made

    async def admit(self, exchange: Exchange) -> Principal:
        """Who calls; `AUTH_INVALID` without a valid token, and refusals of an instance that is not the caller's."""
        name = await self._caller(exchange) if self._verify else ""
        await _enter_instance(exchange, strict=self._verify)
        return Principal(account=exchange.account.id, provider="ibm", user=name, credential=name)

    async def _caller(self, exchange: Exchange) -> str:
        own = await secret_of(exchange.services, "ibm")
        try:
            claims = tokens.check(own, _bearer(exchange.headers), time.time())
        except tokens.TokenError as error:
            exchange.transcript.said("sandbox", f"not authenticated: {error}")
            raise Refusal(Condition.AUTH_INVALID) from error
        return str(claims["iam_id"])

    def check(self, exchange: Exchange, operation: Operation) -> None:
        """Refuse a call without a required query parameter."""
        for name in operation.required:
            if not exchange.query.get(name):
                raise Refusal("https.400.missing", parameter=name)

    def placeholders(self, exchange: Exchange, entry: ErrorEntry) -> Mapping[str, object]:  # noqa: ARG002
        """What a text can say about any call; a row that is forced has no better reason to name."""
        return {
            "client": exchange.client,
            "user": exchange.user,
            "parameter": "instance_id",
            "resource": exchange.path,
        }

    def shape(self, exchange: Exchange, entry: ErrorEntry, text: str) -> Response:
        """The answer that carries a catalog row."""
        return self._problem(entry, text, _call_id(exchange))

    def finish(self, exchange: Exchange, response: Response) -> None:
        """`X-Global-Transaction-ID`: the client's own id, or one made for the call."""
        response.headers[CALL] = _call_id(exchange)
        if "x-correlation-id" in exchange.headers and _CLIENT_ID.fullmatch(exchange.headers["x-correlation-id"]):
            response.headers["x-correlation-id"] = exchange.headers["x-correlation-id"]


async def _enter_instance(exchange: Exchange, *, strict: bool) -> None:
    """Make sure that the instance in the path is the caller's; without tokens, the path says whose call it is."""
    wanted = exchange.parameters.get("instance_id")
    if wanted is None:
        return
    found = await exchange.services.store.resources.anywhere("ibm", "instance", wanted)
    if not found:
        raise Refusal("https.404.not-found", resource=f"The instance {wanted[:64]}")
    if any(one.account == exchange.account.id for one in found):
        return
    if strict:
        raise Refusal("https.403.forbidden")
    exchange.account = exchange.services.accounts.get(found[0].account)
    exchange.transcript.account = exchange.account.id


def _account_named(claims: Mapping[str, object]) -> str:
    about = claims.get("account")
    return str(about.get("bss", "")) if isinstance(about, dict) else ""


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _call_id(exchange: Exchange) -> str:
    """One id for the whole call, whoever asks for it first."""
    known = exchange.transcript.extra.get("transaction")
    if known is None:
        given = exchange.headers.get(CALL, "")
        known = given if _CLIENT_ID.fullmatch(given) else exchange.account.ids.uuid()
        exchange.transcript.extra["transaction"] = known
    return str(known)


class IamEdge(IbmEdge):
    """The `Edge` of IAM's token endpoint, which is there for those who have no token yet."""

    def __init__(self) -> None:
        super().__init__(verify=False, problem=answers.iam_problem)

    async def admit(self, exchange: Exchange) -> Principal:
        """Anybody."""
        return Principal(account=exchange.account.id, provider="ibm", user="", credential="")
