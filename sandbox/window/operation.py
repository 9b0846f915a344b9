"""The inspection API as data: what an operation is, and how a table of them becomes routes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.core.services import Services
from sandbox.window.call import Call, check_parameters
from sandbox.window.controls import Controls
from sandbox.window.problems import Problem, problem_of

_log = logging.getLogger(__name__)
Schema = Mapping[str, Any]
Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A query parameter."""

    name: str
    about: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A row of the table: one method of one path."""

    method: str
    path: str
    """Below `/sandbox/v1`, with `{names}`."""
    handler: Handler
    summary: str
    answer: str | Schema
    """Schema of the JSON answer, by name or in full; or a media type for bytes."""
    parameters: Sequence[Parameter] = ()
    body: Schema | None = None
    status: int = 200
    also: Mapping[int, str] = field(default_factory=dict)
    """Other statuses, with what they mean."""


def application(operations: Sequence[Operation], services: Services, controls: Controls) -> ASGIApp:
    """The API as an ASGI application to be mounted at `/sandbox`: every failure has the error shape."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    listed = [
        Route("/v1" + path, _Endpoint(methods, operations, services, controls)) for path, methods in by_path.items()
    ]
    return Router(listed, redirect_slashes=False, default=_nothing_there)


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem(404, "no-such-path", "there is no such path; /sandbox/v1/openapi.json lists those there are")
    await problem.response()(scope, receive, send)


class _Endpoint:
    """Every method of one path."""

    def __init__(
        self,
        methods: Mapping[str, Operation],
        operations: Sequence[Operation],
        services: Services,
        controls: Controls,
    ) -> None:
        self._methods = methods
        self._operations = operations
        self._services = services
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except Exception as error:  # noqa: BLE001 - the last resort: an unexpected error is logged and answered
            response = _failure(error).response()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._operation(request.method)
        check_parameters(request, [*(parameter.name for parameter in operation.parameters), "account"])
        call = Call(
            request=request,
            operation=operation,
            operations=self._operations,
            services=self._services,
            controls=self._controls,
            account=self._services.accounts.get(request.query_params.get("account") or None),
        )
        return await operation.handler(call)

    def _operation(self, method: str) -> Operation:
        found = self._methods.get("GET" if method == "HEAD" else method)
        if found is None:
            allowed = ", ".join(self._methods)
            raise Problem(405, "method-not-allowed", f"this path knows {allowed}", headers={"Allow": allowed})
        return found


def _failure(error: Exception) -> Problem:
    problem = problem_of(error)
    if problem is None:
        _log.error("a call of the inspection API failed", exc_info=error)
        problem = Problem(500, "internal-error", "the sandbox failed at this; its log says where")
    return problem
