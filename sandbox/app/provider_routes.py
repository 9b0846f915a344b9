"""The providers' APIs on the HTTP side, put together at the first request that is for none of the viewers' paths.

Their tables of operations are the largest part of the program. A run in which nobody calls an API, as almost every
pytest session with mail over SMTP, never loads them. `straight` finds an API by the first part of the path and hands
the call over, past the routes and the middleware that viewers and pages need.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from functools import cached_property
from typing import Any

from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.core.services import Services
from sandbox.settings import Settings
from sandbox.wire.http import Api
from sandbox.wire.http.exchange import path_of
from sandbox.wire.provider import Provider

_FOUND = "sandbox.route"
"""Where the scope says which of the routes it was for."""
_VIEWERS = frozenset({"sandbox", "web"})
"""First parts of the viewers' paths; `/` is theirs for these methods:"""
_LOOKING = frozenset({"GET", "HEAD"})


class ProviderRoutes(BaseRoute):
    """Every route of every provider, as one."""

    def __init__(self, services: Services, settings: Settings, providers: Sequence[Provider]) -> None:
        self._services = services
        self._settings = settings
        self._providers = providers

    @cached_property
    def _routes(self) -> Sequence[BaseRoute]:
        return [
            route
            for provider in self._providers
            for route in provider.routes(self._services, getattr(self._settings, provider.name))
        ]

    @cached_property
    def _apis(self) -> Mapping[str, Sequence[Api]]:
        """The APIs by the first part of their paths."""
        found: dict[str, list[Api]] = {}
        for route in self._routes:
            if isinstance(route, Api):
                found.setdefault(_first(route.prefix), []).append(route)
        return found

    def straight(self, app: ASGIApp) -> ASGIApp:
        """`app` for whatever is not for an API."""

        def sorted_out(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            api = self._api(scope)
            return app(scope, receive, send) if api is None else api.handle(scope, receive, send)

        return sorted_out

    def _api(self, scope: Scope) -> Api | None:
        if scope["type"] != "http":
            return None
        path, method = path_of(scope), scope["method"]
        first = _first(path)
        if first in _VIEWERS or (not first and method in _LOOKING):
            return None
        for api in self._apis.get(first, ()):
            if api.meant(method, path):
                return api
        return None

    def load(self) -> None:
        """Load all of it now; from any thread."""
        _ = self._routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route that fits, else the first of which only the method does not."""
        best: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http":
            return best
        for route in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                return match, {**child, _FOUND: route}
            if match is Match.PARTIAL and best[0] is Match.NONE:
                best = match, {**child, _FOUND: route}
        return best

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """There are no named routes here."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route answer."""
        route: BaseRoute = scope[_FOUND]
        await route.handle(scope, receive, send)


def _first(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]
