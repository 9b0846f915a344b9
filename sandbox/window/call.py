"""One call of the inspection API: reads parameters and bodies within limits, so that no handler sees raw input."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request

from sandbox.core.accounts import Account
from sandbox.core.clock import parse_duration
from sandbox.core.services import Services
from sandbox.window.controls import Controls
from sandbox.window.problems import Problem

if TYPE_CHECKING:
    from sandbox.window.operation import Operation

BODY_LIMIT = 65_536
"""Octets of a JSON body."""
BODY_SECONDS = 10.0
"""Real seconds that a client may take to send its body."""
SETTLE_SECONDS = 2.0
"""Real seconds after which an answer shows what there is, when mail comes in faster than it can be read."""
_CLOSE = {"Connection": "close"}
REPEATABLE = frozenset({"type"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that was matched to an operation, with the account that it is about."""

    request: Request
    operation: Operation
    operations: Sequence[Operation]
    services: Services
    controls: Controls
    account: Account

    @property
    def now(self) -> float:
        """The account's present, Unix seconds."""
        return self.account.clock.now()

    async def settle(self) -> None:
        """Wait until what was accepted before is searchable and delivered as far as due; not for long under load."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                await self.controls.settle(self.account)

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def text(self, name: str, default: str = "") -> str:
        """A query parameter as it came."""
        return self.request.query_params.get(name, default)

    def words(self, name: str) -> tuple[str, ...]:
        """A repeatable query parameter; each may also be a list with commas."""
        given = self.request.query_params.getlist(name)
        return tuple(word.strip() for value in given for word in value.split(",") if word.strip())

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number; `Problem` when it is none or outside of `low` to `high`."""
        given = self.text(name)
        if not given:
            return default
        digits = given.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and low <= int(given) <= high):
            raise Problem(400, f"bad-{name}", f"{name} is a whole number from {low} to {high}, not {given[:40]!r}")
        return int(given)

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """One of a few words, None when absent."""
        given = self.text(name)
        if given and given not in allowed:
            raise Problem(400, f"bad-{name}", f"{name} is one of {', '.join(allowed)}; not {given[:40]!r}")
        return given or None

    def seconds(self, name: str, default: float, high: float) -> float:
        """A duration like `10`, `1.5` or `2m`, in seconds from 0 to `high`."""
        given = self.text(name)
        if not given:
            return default
        try:
            value = parse_duration(given).total_seconds()
        except (ValueError, OverflowError):
            value = high + 1
        if value > high:
            raise Problem(400, f"bad-{name}", f"{name} is seconds from 0 to {high:g}, or a duration like 90s or 2m")
        return value

    async def json(self, limit: int = BODY_LIMIT) -> dict[str, Any]:
        """The body: a JSON object with no fields but those of the operation; empty when nothing was sent."""
        octets = await _body(self.request, limit)
        if not octets.strip():
            return {}
        value = _parse(octets) if len(octets) <= BODY_LIMIT else await asyncio.to_thread(_parse, octets)
        if not isinstance(value, dict):
            raise Problem(400, "bad-body", "the body is to be a JSON object")
        known = (self.operation.body or {}).get("properties", {})
        unknown = [name for name in value if name not in known]
        if unknown:
            raise Problem(400, "unknown-field", f"unknown field {unknown[0][:80]!r}; {_known(known)}")
        return value


def check_parameters(request: Request, known: Sequence[str]) -> None:
    """Refuse parameters that the operation doesn't have or that come twice, instead of ignoring a misspelling."""
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise Problem(400, "unknown-parameter", f"unknown parameter {name[:80]!r}; {_known(known)}")
        if name in seen and name not in REPEATABLE:
            raise Problem(400, f"bad-{name}", f"{name} is given twice")
        seen.add(name)


def _known(names: Mapping[str, Any] | Sequence[str]) -> str:
    return f"there are {', '.join(names)}" if names else "there are none here"


async def _body(request: Request, limit: int) -> bytes:
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length[:18]) > limit:
        raise _too_large(limit)
    found = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                found += chunk
                if len(found) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        raise Problem(408, "body-timeout", "the body did not arrive in time", headers=_CLOSE) from error
    except ClientDisconnect as error:
        raise Problem(400, "bad-body", "the body ended early") from error
    return bytes(found)


def _too_large(limit: int) -> Problem:
    return Problem(413, "body-too-large", f"the body may have {limit} octets at the most", headers=_CLOSE)


def _parse(octets: bytes) -> Any:
    try:
        value = json.loads(octets)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeError as error:
        raise Problem(400, "bad-json", "the body is not valid UTF-8 text") from error
    except RecursionError as error:
        raise Problem(400, "bad-json", "the body is nested too deeply") from error
    except ValueError as error:
        raise Problem(400, "bad-json", f"the body is not JSON: {str(error)[:200]}") from error
    return value
