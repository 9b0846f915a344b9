"""The OpenAPI document, the routes and the documentation name the same paths, parameters and fields."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from starlette.routing import Mount, Route, Router

from sandbox.core.search_fields import FIELDS
from sandbox.window import Controls
from sandbox.window.api import OPERATIONS, routes
from sandbox.window.openapi import document
from sandbox.window.schemas import SCHEMAS

DOCS = Path(__file__).parent.parent / "docs"


class Silent(Controls):
    """Controls that nothing asks."""

    version = "1"
    started = 0.0


def test_every_route_is_described_and_every_description_is_routed():
    described = document(OPERATIONS, "1")["paths"]
    (api,) = (route for route in routes(None, Silent()) if isinstance(route, Mount))
    assert isinstance(api.app, Router)
    routed = {route.path.removeprefix("/v1") for route in api.app.routes if isinstance(route, Route)}
    assert routed == set(described)
    assert {(path, method.upper()) for path in described for method in described[path]} == {
        (operation.path, operation.method) for operation in OPERATIONS
    }


def test_the_document_is_whole_and_its_names_are_unique():
    whole = document(OPERATIONS, "1")
    text = json.dumps(whole)
    assert whole["openapi"] == "3.1.0"
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert referred == set(SCHEMAS)
    names = [operation["operationId"] for methods in whole["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS)
    for path, methods in whole["paths"].items():
        for operation in methods.values():
            in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert in_path == set(re.findall(r"{(\w+)}", path))
            assert "account" in {one["name"] for one in operation["parameters"]}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_the_documentation_names_every_operation_with_its_parameters(operation):
    text = (DOCS / "inspection-api.md").read_text("utf-8")
    named = re.search(rf"`{operation.method} {re.escape(operation.path)}(?:\?([\w=&]*))?`", text)
    assert named, f"{operation.method} {operation.path} is not in docs/inspection-api.md"
    assert {one.name for one in operation.parameters} == set(re.findall(r"(\w+)=", named[1] or ""))


@pytest.mark.parametrize("name", sorted(SCHEMAS["Message"]["properties"]))
def test_the_documentation_names_every_field_of_a_message(name):
    assert re.search(rf"`{name}[`.]", (DOCS / "inspection-api.md").read_text("utf-8"))


@pytest.mark.parametrize("field", FIELDS)
def test_the_documentation_names_every_search_field(field):
    assert f"`{field}:`" in (DOCS / "search.md").read_text("utf-8")
