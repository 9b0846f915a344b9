"""Keeps other web sites out of a service on localhost: who was addressed (Host) and who asks (Origin, Sec-Fetch-Site).

Any page that a developer visits can send requests to 127.0.0.1. A name that was rebound to loopback shows in Host, a
forged form or fetch shows in Origin or Sec-Fetch-Site. Programs send none of these but Host, so they pass.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.window.problems import Problem

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OWN_SITE = frozenset({"", "same-origin", "none"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def guard(app: ASGIApp, hosts: Iterable[str] = ()) -> ASGIApp:
    """`app` behind the guard; `hosts` are names allowed in Host besides loopback: names or addresses without port."""
    allowed = frozenset({*LOOPBACK, *(_host_form(host) for host in hosts)})

    def guarded(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        problem = _objection(scope, allowed) if scope["type"] in ("http", "websocket") else None
        return app(scope, receive, send) if problem is None else _refuse(problem, scope, receive, send)

    return guarded


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
    else:
        await problem.response()(scope, receive, send)


def _objection(scope: Scope, allowed: frozenset[str]) -> Problem | None:
    """Why a request is turned away, or None."""
    named = _named(scope)
    hosts = named[b"host"]
    if len(hosts) != 1 or not _addressed_to_us(hosts[0], scope, allowed):
        return Problem(
            403,
            "host-not-allowed",
            "the Host header names none of this sandbox's names; start it with --allowed-hosts NAME to allow one more",
        )
    if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
        return _cross_site(named[b"sec-fetch-site"], named[b"origin"], hosts[0])
    return None


def _named(scope: Scope) -> dict[bytes, list[str]]:
    """The values of the headers that the guard looks at."""
    found: dict[bytes, list[str]] = {b"host": [], b"sec-fetch-site": [], b"origin": []}
    for name, value in scope["headers"]:
        if name in found:
            found[name].append(value.decode("latin-1"))
    return found


def _addressed_to_us(host: str, scope: Scope, allowed: frozenset[str]) -> bool:
    name, port = _split_port(host.lower())
    if port is None:
        return False
    server = scope.get("server") or ("", 0)
    return name in allowed or name == _host_form(str(server[0]))


def _cross_site(sites: Sequence[str], origins: Sequence[str], host: str) -> Problem | None:
    if not sites and not origins:  # as programs ask
        return None
    foreign = any(site.lower() not in OWN_SITE for site in sites) or any(not _own(origin, host) for origin in origins)
    if not foreign:
        return None
    return Problem(403, "cross-site", "a page of another site asks for a change; only the sandbox's own page may")


def _own(origin: str, host: str) -> bool:
    """Whether an Origin is the one that was addressed; the scheme is left out, since a proxy may end TLS."""
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return False
    port = _DEFAULT_PORTS.get(parts.scheme)
    return port is not None and parts.netloc.removesuffix(port) == host.lower().removesuffix(port)


@lru_cache(maxsize=64)  # most clients know a sandbox by one name
def _split_port(host: str) -> tuple[str, str | None]:
    """Host header → (name, port); the port is None when the header makes no sense."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return host, ""
    return name, port if port.isascii() and port.isdigit() else None


def _host_form(host: str) -> str:
    """An address or name as it stands in a Host header: IPv6 in brackets, lower case."""
    name = host.lower().strip("[]")
    try:
        return f"[{name}]" if ip_address(name).version == 6 else name
    except ValueError:
        return name
