"""Describes the inspection API in OpenAPI 3.1, from the same table that routes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from sandbox.window.call import Call
from sandbox.window.operation import Operation, Parameter
from sandbox.window.problems import json_answer
from sandbox.window.schemas import SCHEMAS, ref

_ACCOUNT = Parameter(name="account", about="id of the account; without it, the ready-made one")


async def show(call: Call) -> Response:
    """GET /openapi.json."""
    return json_answer(document(call.operations, call.controls.version))


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """The OpenAPI document of these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "email-sandbox inspection API", "version": version},
        "servers": [{"url": "/sandbox/v1"}],
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS)},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _name(operation),
        "summary": operation.summary,
        "tags": [operation.path.split("/")[1].split(".")[0]],
        "parameters": [
            *(_in_path(name) for name in re.findall(r"{(\w+)}", operation.path)),
            *(_in_query(parameter) for parameter in (*operation.parameters, _ACCOUNT)),
        ],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        needed = "required" in operation.body
        described["requestBody"] = {"required": needed, "content": {"application/json": {"schema": operation.body}}}
    return described


def _name(operation: Operation) -> str:
    words = re.findall(r"\w+", operation.path.replace("{", "by-").replace(".", "-"))
    return "-".join([operation.method.lower(), *words]).replace("by-", "")


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {"name": parameter.name, "in": "query", "description": parameter.about, "schema": dict(parameter.schema)}


def _responses(operation: Operation) -> dict[str, Any]:
    found = {str(operation.status): {"description": operation.summary, "content": _content(operation)}}
    for status, about in operation.also.items():
        vain = "WaitedInVain" if status == 408 else "Error"
        found[str(status)] = {"description": about, "content": {"application/json": {"schema": ref(vain)}}}
    found["default"] = {"description": "any other failure", "content": {"application/json": {"schema": ref("Error")}}}
    return found


def _content(operation: Operation) -> dict[str, Any]:
    if not isinstance(operation.answer, str):
        return {"application/json": {"schema": dict(operation.answer)}}
    if "/" in operation.answer:
        return {operation.answer: {}}
    return {"application/json": {"schema": ref(operation.answer)}}
