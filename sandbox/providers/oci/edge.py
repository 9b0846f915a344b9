"""What every OCI API call has around its operation: signature, request rate, request ids, the shape of errors."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from sandbox.core.accounts import Account
from sandbox.core.catalog import ErrorEntry
from sandbox.core.errors import Condition, Refusal, StoreError
from sandbox.core.model import Principal, Resource, Stage
from sandbox.core.services import Services
from sandbox.providers.oci import signature
from sandbox.providers.oci.identity import identity_of
from sandbox.providers.oci.rules import PRESETS
from sandbox.wire.http import Exchange, Operation
from sandbox.wire.http.api import CONTROL_BODY

USERS = 1000
"""Users whose request times are kept before those of idle ones are dropped."""
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_CLIENT_ID = re.compile(r"[\w-]{1,128}", re.ASCII)


def _size_limit(exchange: Exchange) -> int:
    return exchange.state.rules.sizes(exchange.account).message if exchange.stage is Stage.REQUEST else CONTROL_BODY


_LIMITS: Mapping[Condition, Callable[[Exchange], int | None]] = {
    Condition.TOO_LARGE: _size_limit,
    Condition.OVER_MINUTE_LIMIT: lambda e: e.state.rules.limits(e.account).per_minute or PRESETS["paid"].per_minute,
    Condition.OVER_DAY_LIMIT: lambda e: e.state.rules.limits(e.account).per_day or PRESETS["paid"].per_day,
    Condition.TOO_MANY_RECIPIENTS: lambda e: e.state.rules.sizes(e.account).recipients,
}
"""The limit that a text about a condition names."""


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer; without a body for None."""
    if value is None:
        return Response(status_code=status, headers=headers)
    octets = _JSON.encode(value).encode("utf-8", "replace")
    return Response(octets, status, headers, "application/json")


class OciEdge:
    """The `Edge` of OCI's APIs."""

    def __init__(self, *, verify: bool, requests_per_second: int) -> None:
        """`verify` off takes any signature, as a permissive sandbox does."""
        self._verify = verify
        self._rate = requests_per_second
        self._recent: dict[tuple[str, str], deque[float]] = {}

    async def account(self, services: Services, headers: Headers) -> Account:
        """The owner of the key that the request names, else of the tenancy in its name, else the ready-made account."""
        try:
            key_id = signature.parse(headers.get("authorization", "")).key_id
            found = await services.store.resources.anywhere("oci", "api-key", key_id)
            found = found or await services.store.resources.anywhere("oci", "identity", key_id.partition("/")[0])
        except (signature.SignatureError, StoreError):
            return services.accounts.ready_made
        return services.accounts.get(found[0].account) if found else services.accounts.ready_made

    async def admit(self, exchange: Exchange) -> Principal:
        """Who signed the request; `AUTH_INVALID` when nobody did, `TOO_MANY_REQUESTS` beyond the rate."""
        if self._verify:
            try:
                principal = await _signer(exchange)
            except signature.SignatureError as error:
                exchange.transcript.said("sandbox", f"not authenticated: {error}")
                raise Refusal(Condition.AUTH_INVALID) from error
        else:
            principal = await _anybody(exchange)
        self._count(exchange, principal)
        return principal

    def check(self, exchange: Exchange, operation: Operation) -> None:
        """Refuse a call without a required query parameter."""
        for name in operation.required:
            if not exchange.query.get(name):
                raise Refusal("https.400.missing-parameter", parameter=name)

    def placeholders(self, exchange: Exchange, entry: ErrorEntry) -> Mapping[str, object]:
        """What a text can say about any call; a row that is forced has no better reason to name."""
        limits = [_LIMITS[condition](exchange) for condition in entry.on if condition in _LIMITS]
        sender = _forced_sender(exchange)
        return {
            "client": exchange.client,
            "user": exchange.user,
            "sender": sender,
            "address": sender,
            "header": "Subject",
            "parameter": "compartmentId",
            "resource": exchange.path,
            "limit": next(iter(limits), self._rate),
        }

    def shape(self, exchange: Exchange, entry: ErrorEntry, text: str) -> Response:
        """`{"code", "message"}`; a success row makes the answer of a success in which nothing was stored."""
        if entry.status < 400:
            made = exchange.state.rules.message_id(exchange.account, "")
            envelope = exchange.state.rules.envelope_id(exchange.account)
            return answer({"messageId": made, "envelopeId": envelope, "suppressedRecipients": []}, entry.status)
        return answer({"code": entry.code, "message": text}, entry.status)

    def finish(self, exchange: Exchange, response: Response) -> None:
        """`opc-request-id`: the client's own id, or one made for it, with two of the service's behind it."""
        made = exchange.account.ids.hex(96).upper()
        given = exchange.headers.get("opc-request-id", "")
        first = given if _CLIENT_ID.fullmatch(given) else made[:32]
        response.raw_headers.append((b"opc-request-id", f"{first}/{made[32:64]}/{made[64:]}".encode("ascii")))

    def _count(self, exchange: Exchange, principal: Principal) -> None:
        now = exchange.account.clock.now()
        who = (principal.account, principal.user)
        if len(self._recent) > USERS:
            self._recent = {user: times for user, times in self._recent.items() if times and now - 1 < times[-1] <= now}
        recent = self._recent.get(who)
        if recent is None:
            recent = self._recent[who] = deque()
        while recent and not now - 1 < recent[0] <= now:
            recent.popleft()
        if len(recent) >= self._rate:
            raise Refusal(Condition.TOO_MANY_REQUESTS)
        recent.append(now)


async def _signer(exchange: Exchange) -> Principal:
    """The owner of the key with which the request was signed; `SignatureError` otherwise."""
    signed = signature.parse(exchange.headers.get("authorization", ""))
    resources = exchange.services.store.resources
    key = await resources.find(exchange.account.id, "oci", "api-key", signed.key_id)
    if key is None or key.data.get("lifecycleState") != "ACTIVE":
        raise signature.SignatureError(f"there is no API key {signed.key_id}")
    request = signature.Request(
        method=exchange.method, target=exchange.target, headers=exchange.headers, body=exchange.body
    )
    signature.verify(signed, request, key.data["publicKey"], (time.time(), exchange.account.clock.now()))
    return _principal(exchange, key.data["userId"], key)


async def _anybody(exchange: Exchange) -> Principal:
    """Whoever the request says it is from, else the account's own user."""
    try:
        key_id = signature.parse(exchange.headers.get("authorization", "")).key_id
    except signature.SignatureError:
        key_id = ""
    identity = await identity_of(exchange.services, exchange.account)
    own = identity.user if identity else ""
    parts = key_id.split("/")
    user = parts[1] if len(parts) == 3 and parts[1] else own
    return Principal(account=exchange.account.id, provider="oci", user=user, credential=key_id)


def _principal(exchange: Exchange, user: str, key: Resource) -> Principal:
    return Principal(account=exchange.account.id, provider="oci", user=user, credential=key.key)


def _forced_sender(exchange: Exchange) -> str:
    """The sender that a submission names, as far as it can be made out."""
    if exchange.stage is not Stage.REQUEST:
        return "noreply@example.com"
    about = exchange.headers.get("sender")
    if about:
        return about
    try:
        return str(json.loads(exchange.body)["sender"]["senderAddress"]["email"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
