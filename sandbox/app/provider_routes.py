"""The providers' APIs on the HTTP side, put together at the first request that is for none of the viewers' paths.

Their tables of operations are the largest part of the program. A run in which nobody calls an API, as almost every
pytest session with mail over SMTP, never loads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from sandbox.core.services import Services
from sandbox.settings import Settings
from sandbox.wire.provider import Provider

_FOUND = "sandbox.route"
"""Where the scope says which of the routes it was for."""


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
