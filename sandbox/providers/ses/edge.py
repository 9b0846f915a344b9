"""What every call has around its operation: signature, request rate, request ids, and the two shapes of errors."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.responses import Response

from sandbox.core.accounts import Account
from sandbox.core.catalog import ErrorEntry
from sandbox.core.errors import Condition, Refusal, StoreError
from sandbox.core.model import Principal, Resource
from sandbox.core.services import Services
from sandbox.providers.ses import codes, signature
from sandbox.providers.ses.model import load
from sandbox.providers.ses.owner import owner
from sandbox.providers.ses.write_xml import write_error
from sandbox.wire.http import Exchange, Operation

USERS = 1000
"""Users whose request times are kept before those of idle ones are dropped."""
UNKNOWN_KEY = "api.UnrecognizedClientException.key"
_LIMITS: Mapping[Condition, Callable[[Exchange], float | None]] = {
    Condition.TOO_LARGE: lambda e: e.state.rules.sizes(e.account).message,
    Condition.TOO_MANY_RECIPIENTS: lambda e: e.state.rules.sizes(e.account).recipients,
    Condition.OVER_RATE: lambda e: e.state.rules.limits(e.account).per_second,
    Condition.OVER_DAY_LIMIT: lambda e: e.state.rules.limits(e.account).per_day,
}
"""The limit that a text about a condition names."""


class SesEdge:
    """What both APIs share; the protocols differ in how they shape errors."""

    services = frozenset({"ses", "email"})
    """Names that the scope of a signature may have."""

    def __init__(self, *, verify: bool, requests_per_second: int) -> None:
        """`verify` off takes any signature, as a permissive sandbox does."""
        self._verify = verify
        self._rate = requests_per_second
        self._recent: dict[str, deque[float]] = {}

    async def account(self, services: Services, headers: Headers) -> Account:
        """The owner of the access key that the request names, else the ready-made account."""
        try:
            key = await access_key(services, signature.key_id(headers.get("authorization", "")))
        except StoreError:
            key = None
        return services.accounts.get(key.account) if key else services.accounts.ready_made

    async def admit(self, exchange: Exchange) -> Principal:
        """Who signed the request; refuses a signature that is missing, wrong or old, and calls beyond the rate."""
        try:
            key = await self._signer(exchange)
        except Refusal:
            if self._verify:
                raise
            key = None
        if key is not None:
            exchange.account = exchange.services.accounts.get(key.account)  # a presigned request names it in the query
            exchange.transcript.account = key.account
        self._count(exchange)
        user = str(key.data["user"]) if key else (await owner(exchange.services, exchange.account)).user_arn
        credential = key.key if key else signature.key_id(exchange.headers.get("authorization", ""))
        return Principal(account=exchange.account.id, provider="ses", user=user, credential=credential)

    async def _signer(self, exchange: Exchange) -> Resource:
        request = signature.Request(
            method=exchange.method,
            target=exchange.target,
            headers=[(name.lower(), value) for name, value in exchange.headers.items()],
            body=exchange.body,
        )
        signed = signature.parse(request)
        key = await access_key(exchange.services, signed.key_id)
        if key is None or (self._verify and exchange.headers.get("x-amz-security-token")):
            raise Refusal(UNKNOWN_KEY)
        if self._verify:
            signature.check_scope(signed, self.regions(exchange), self.scope(exchange))
            signature.check_time(signed, (time.time(), exchange.services.accounts.get(key.account).clock.now()))
            signature.verify(signed, request, str(key.data["secret"]))
        return key

    def regions(self, exchange: Exchange) -> frozenset[str]:
        """The regions that the scope of a signature may have."""
        return frozenset({exchange.state.region})

    def scope(self, exchange: Exchange) -> frozenset[str]:  # noqa: ARG002 - a protocol with several services asks it
        """Names that the scope of this call's signature may have."""
        return self.services

    def check(self, exchange: Exchange, operation: Operation) -> None:
        """Input is checked when it is decoded."""

    def placeholders(self, exchange: Exchange, entry: ErrorEntry) -> Mapping[str, object]:
        """What a text can say about any call; a row that is forced has no better reason to name."""
        limits = [_LIMITS[condition](exchange) for condition in entry.on if condition in _LIMITS]
        return {
            "client": exchange.client,
            "user": exchange.user,
            "sender": "sender@example.com",
            "address": "sender@example.com",
            "header": "Subject",
            "parameter": _size(exchange) if Condition.TOO_LARGE in entry.on else "Source",
            "resource": "example",
            "region": exchange.state.region.upper(),
            "limit": next(iter(limits), None) or self._rate,
        }

    def shape(self, exchange: Exchange, entry: ErrorEntry, text: str) -> Response:  # noqa: ARG002 - the other one asks it
        """`{"message": …}` with the code in `x-amzn-ErrorType`."""
        body = json.dumps({"message": text}, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"x-amzn-errortype": entry.code}
        return Response(body, entry.status, headers, "application/json")

    def finish(self, exchange: Exchange, response: Response) -> None:
        """`x-amzn-RequestId`."""
        response.headers["x-amzn-requestid"] = request_id(exchange)

    def _count(self, exchange: Exchange) -> None:
        now, who = exchange.account.clock.now(), exchange.account.id
        if len(self._recent) > USERS:
            self._recent = {user: times for user, times in self._recent.items() if times and now - 1 < times[-1] <= now}
        recent = self._recent.setdefault(who, deque())
        while recent and not now - 1 < recent[0] <= now:
            recent.popleft()
        if len(recent) >= self._rate:
            raise Refusal(Condition.TOO_MANY_REQUESTS)
        recent.append(now)


def _size(exchange: Exchange) -> str:
    """Octets of a request's body, as the client announces them."""
    announced = exchange.headers.get("content-length", "")
    return announced if announced.isdecimal() and len(announced) < 20 else str(len(exchange.body))


class QueryEdge(SesEdge):
    """The edge of the AWS Query APIs, which share one path; the parameters of the call are the exchange's."""

    def scope(self, exchange: Exchange) -> frozenset[str]:
        """Each service signs with its own name."""
        return frozenset({"sns"}) if is_sns(exchange) else self.services

    def shape(self, exchange: Exchange, entry: ErrorEntry, text: str) -> Response:
        """`<ErrorResponse>` with the code that the older API has for the error."""
        code, status = codes.older(entry)
        namespace = load("sns" if is_sns(exchange) else "v1").namespace
        body = write_error(namespace, sender=status < 500, code=code, text=text, request=request_id(exchange))
        return Response(body, status, media_type="text/xml")


def is_sns(exchange: Exchange) -> bool:
    """Whether a Query call is meant for the notification service."""
    return exchange.parameters.get("Version") == load("sns").version


def request_id(exchange: Exchange) -> str:
    """The id of a call, the same each time it is asked for."""
    return str(exchange.transcript.extra.setdefault("request_id", exchange.account.ids.uuid()))


async def access_key(services: Services, key_id: str) -> Resource | None:
    """The access key of this id in any account, or None."""
    found = await services.store.resources.anywhere("ses", "access-key", key_id) if key_id else []
    return found[0] if found else None
