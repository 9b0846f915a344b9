"""Asks for a login where a sandbox is shared: the viewers' pages, the inspection API and its stream; off by default.

HTTP's own Basic scheme (RFC 7617), which browsers ask for and remember by themselves, and `Bearer` with the password
alone for programs. That a browser sends it along with what another site asks for is the guard's affair.
"""

from __future__ import annotations

import hmac
import time
from base64 import b64decode
from collections import OrderedDict, deque
from collections.abc import Callable
from hashlib import sha256
from math import ceil

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.window.problems import Problem

ASK = {"WWW-Authenticate": 'Basic realm="email-sandbox", charset="UTF-8"'}
GUESSES = 10
"""Wrong logins from one address within `WINDOW` seconds, before it has to wait."""
WINDOW = 60.0
ADDRESSES = 10_000
"""Addresses whose wrong logins are remembered; the oldest is forgotten."""


class Guesses:
    """The wrong logins of each address in the last minute; `passing` counts seconds."""

    def __init__(self, passing: Callable[[], float] = time.monotonic) -> None:
        self._passing = passing
        self._of: OrderedDict[str, deque[float]] = OrderedDict()

    def wrong(self, address: str) -> None:
        """Remember one."""
        self._of.setdefault(address, deque(maxlen=GUESSES)).append(self._passing())
        self._of.move_to_end(address)
        if len(self._of) > ADDRESSES:
            self._of.popitem(last=False)

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        made = self._of.get(address)
        if made is None or len(made) < GUESSES:
            return 0.0
        return max(0.0, made[0] + WINDOW - self._passing())


def behind_login(app: ASGIApp, login: str, guesses: Guesses) -> ASGIApp:
    """`app` for those who know `login`, a `user:password`; the same `app` for everybody when it is empty."""
    if not login:
        return app
    user_and_password, password = _print(login), _print(login.partition(":")[2])

    def objection(scope: Scope) -> Problem | None:
        given = Headers(scope=scope).get("authorization", "")
        if not given:
            return Problem(401, "login-needed", "this sandbox asks for a user and a password", headers=ASK)
        address = str((scope.get("client") or ("",))[0])
        if seconds := ceil(guesses.wait(address)):
            told = f"too many wrong logins from {address}; it may try again in {seconds} s"
            return Problem(429, "too-many-logins", told, headers={"Retry-After": str(seconds)})
        scheme, _, secret = given.partition(" ")
        known = password if scheme.lower() == "bearer" else user_and_password
        if hmac.compare_digest(_print(_read(scheme, secret.strip())), known):
            return None
        guesses.wrong(address)
        return Problem(401, "wrong-login", "this is not the user and password of this sandbox", headers=ASK)

    async def locked(scope: Scope, receive: Receive, send: Send) -> None:
        problem = objection(scope)
        await (app if problem is None else problem.response())(scope, receive, send)

    return locked


def _read(scheme: str, secret: str) -> str:
    """What was given, decoded; what makes no sense is read as nothing, which no login is."""
    if scheme.lower() != "basic":
        return secret.encode("latin-1").decode("utf-8", "surrogateescape")
    try:
        return b64decode(secret, validate=True).decode("utf-8")
    except ValueError:
        return ""


def _print(text: str) -> bytes:
    """Of one length for every text, so that a comparison takes one time."""
    return sha256(text.encode("utf-8", "surrogateescape")).digest()
